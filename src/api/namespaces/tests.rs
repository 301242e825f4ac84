//! Which namespaces there are: what stays, what goes, what is refused.

use std::sync::Arc;

use crate::api::namespace::{Namespace, NamespaceInner};
use crate::api::parent::ParentInner;
use crate::api::{Io, ParentNamespace};
use crate::socketio::ConnectError;

fn server(cleanup: bool, most: usize) -> (Io, ParentNamespace) {
    let io = Io::builder()
        .cleanup_empty_child_namespaces(cleanup)
        .max_child_namespaces(most)
        .build();
    let rule = io.of_pattern("/a/{x}");
    (io, rule)
}

fn rule(io: &Io) -> Arc<ParentInner> {
    io.inner().namespaces.rules()[0].clone()
}

fn enter(io: &Io, name: &str) -> Option<Arc<NamespaceInner>> {
    let found = io.enter_child(&rule(io), &name.into())?;
    Some(found.namespace)
}

fn names(namespaces: Vec<Namespace>) -> Vec<String> {
    let mut names: Vec<_> = namespaces.iter().map(|one| one.name().to_owned()).collect();
    names.sort();
    names
}

#[test]
fn an_empty_child_goes_only_if_it_may() {
    for cleanup in [false, true] {
        let (io, rule) = server(cleanup, 10);
        let (one, other) = (enter(&io, "/a/1").unwrap(), enter(&io, "/a/1").unwrap());
        assert!(Arc::ptr_eq(&one, &other), "the same for both");
        io.leave_namespace(&one);
        assert!(io.find("/a/1").is_some(), "somebody is in it");
        io.leave_namespace(&one);
        assert_eq!(io.find("a/1").is_none(), cleanup);
        assert_eq!(rule.children().is_empty(), cleanup);
        let again = enter(&io, "/a/1").unwrap();
        assert_eq!(Arc::ptr_eq(&one, &again), !cleanup);
        // What is left of the one that was removed does no harm to its successor.
        if cleanup {
            enter(&io, "/a/1").unwrap();
            io.leave_namespace(&again);
            assert!(io.find("/a/1").is_some());
        }
    }
}

#[test]
fn what_is_declared_stays_and_belongs_to_its_rule() {
    let (io, rule) = server(true, 10);
    let by_hand = io.of("/a/hand");
    assert_eq!(by_hand.part("x"), Some("hand"));
    let made = enter(&io, "/a/made").unwrap();
    io.of("/a/made");
    for name in ["/a/hand", "/a/made"] {
        let entered = io.inner().namespaces.enter(name).unwrap();
        io.leave_namespace(&entered);
        assert!(io.find(name).is_some(), "{name}");
    }
    io.leave_namespace(&made);
    assert_eq!(names(rule.children()), ["/a/hand", "/a/made"]);
    assert_eq!(names(io.namespaces()), ["/", "/a/hand", "/a/made"]);
    assert_eq!(
        self::rule(&io).made(),
        0,
        "they do not count as the clients'"
    );
}

#[test]
fn at_the_limit_empty_children_make_room() {
    let (io, rule) = server(false, 2);
    io.of("/a/declared");
    let first = enter(&io, "/a/1").unwrap();
    enter(&io, "/a/2").unwrap();
    assert!(enter(&io, "/a/3").is_none(), "somebody is in each");
    assert!(self::rule(&io).is_packed(), "and is not looked for again");
    assert!(enter(&io, "/a/2").is_some(), "this one exists");
    io.leave_namespace(&first);
    assert!(io.find("/a/1").is_some(), "nobody needs its place");
    assert!(!self::rule(&io).is_packed());
    enter(&io, "/a/3").unwrap();
    assert_eq!(names(rule.children()), ["/a/2", "/a/3", "/a/declared"]);
    assert_eq!(self::rule(&io).made(), 2);
}

#[test]
fn the_same_pattern_is_the_same_rule_and_the_first_rule_has_the_name() {
    let io = Io::builder().build();
    io.of_pattern("/a/{x}");
    io.of_pattern("a/{x}");
    io.of_regex("^/a/(?<y>.*)$");
    io.of_regex("^/a/(?<y>.*)$");
    io.of_fn(async |_, _| true);
    io.of_fn(async |_, _| true);
    let rules = io.inner().namespaces.rules();
    let texts: Vec<_> = rules.iter().map(|rule| rule.text()).collect();
    assert_eq!(texts, ["/a/{x}", "^/a/(?<y>.*)$", "fn", "fn"]);
    let namespace = io.of("/a/b");
    assert_eq!(
        (namespace.part("x"), namespace.part("y")),
        (Some("b"), None)
    );
    assert_eq!(io.of("/a/b/c").part("y"), Some("b/c"));
    assert_eq!(io.of("/other").part("x"), None);
}

#[test]
fn children_share_the_rules_table_until_they_have_handlers_of_their_own() {
    let (io, rule) = server(false, 10);
    let (one, two) = (enter(&io, "/a/1").unwrap(), enter(&io, "/a/2").unwrap());
    rule.on("event", async || {});
    assert!(Arc::ptr_eq(&one.listeners(), &two.listeners()));
    assert_eq!(one.listeners().event("event").len(), 1);

    let version = two.version();
    io.of("/a/2")
        .on("event", async || {})
        .middleware(async || Ok::<_, ConnectError>(()));
    assert_ne!(two.version(), version);
    assert_eq!(two.listeners().event("event").len(), 2);
    assert_eq!(two.listeners().middlewares.len(), 1);
    assert!(
        Arc::ptr_eq(&two.listeners(), &two.listeners()),
        "merged once"
    );
    assert_eq!(one.listeners().event("event").len(), 1);

    let version = two.version();
    rule.on("event", async || {}).on("later", async || {});
    assert_ne!(two.version(), version);
    assert_eq!(two.listeners().event("event").len(), 3);
    assert_eq!(two.listeners().event("later").len(), 1);
    assert_eq!(one.listeners().event("later").len(), 1);
}

#[test]
fn everybody_hears_of_a_new_namespace_once() {
    let (io, _) = server(false, 10);
    let (teller, told) = std::sync::mpsc::channel();
    io.on_new_namespace(move |namespace| teller.send(namespace.name().to_owned()).unwrap());
    io.of("/");
    io.of("b");
    io.of("/b");
    let found = io.enter_child(&rule(&io), &"/a/1".into()).unwrap();
    assert!(found.is_new);
    io.announce(&found.namespace);
    io.of("/a/1");
    assert_eq!(told.try_iter().collect::<Vec<_>>(), ["/b", "/a/1"]);
}
