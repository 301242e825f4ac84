//! Which namespaces a server has: those declared one by one, and those that rules accept.

use std::borrow::Cow;
use std::future::Future;
use std::sync::Arc;

use bytestring::ByteString;
use serde_json::Value;

use crate::api::handler::BoxFuture;
use crate::api::namespace::{Namespace, NamespaceInner};
use crate::api::namespaces::Found;
use crate::api::parent::{ParentInner, ParentNamespace, Rule};
use crate::rooms::Selection;
use crate::socketio;

use super::Io;

/// What is to be done about a client that asks for a namespace.
pub(crate) enum Lookup {
    /// It exists; the client counts as being there.
    Found(Arc<NamespaceInner>),
    /// It does not exist, and nobody can be asked.
    None,
    /// It does not exist; this tells the rule that accepts it, if there is one.
    Ask(BoxFuture<Option<Arc<ParentInner>>>),
}

impl Io {
    /// The namespace of this name, made if it does not exist yet. A missing leading slash is added.
    ///
    /// Clients can join a namespace from the moment it exists. A namespace that was asked for here
    /// stays, also if it fits a rule or was brought about by one; to look at those without keeping
    /// them, use [`find`](Io::find).
    pub fn of(&self, name: &str) -> Namespace {
        let found = self.0.namespaces.declare(&with_slash(name));
        // Everybody has `/`, so it is no news.
        if found.is_new && *found.namespace.name != *"/" {
            self.announce(&found.namespace);
        }
        Namespace::new(self.clone(), found.namespace)
    }

    /// The namespace of this name, if there is one at present. A missing leading slash is added.
    pub fn find(&self, name: &str) -> Option<Namespace> {
        let inner = self.0.namespaces.get(&with_slash(name))?;
        Some(Namespace::new(self.clone(), inner))
    }

    /// Removes the namespace of this name and says whether there was one. A missing leading slash is
    /// added.
    ///
    /// Its sockets leave with `server namespace disconnect`, those that are away do not come back,
    /// and clients that ask for it later are refused with `Invalid namespace`, unless a rule accepts
    /// the name. [`of`](Io::of) makes a new one, without handlers; a [`Namespace`] that is kept of
    /// the old one reaches nobody.
    ///
    /// # Panics
    /// For `/`, which every server has.
    ///
    /// ```
    /// let io = trunkline::Io::builder().build();
    /// io.of("/beta").on("ping", async || println!("still here"));
    /// assert!(io.remove_namespace("/beta"));
    /// assert!(io.find("/beta").is_none());
    /// ```
    pub fn remove_namespace(&self, name: &str) -> bool {
        let name = with_slash(name);
        assert!(name != "/", "every server has the namespace /");
        let Some(removed) = self.0.namespaces.remove(&name) else {
            return false;
        };
        if let Some(keeper) = &removed.keeper {
            keeper.dissolve();
        }
        for socket in removed.roster.select(&Selection::default()) {
            socket.disconnect();
        }
        true
    }

    /// All namespaces at present, in no particular order.
    pub fn namespaces(&self) -> Vec<Namespace> {
        let all = self.0.namespaces.all().into_iter();
        all.map(|inner| Namespace::new(self.clone(), inner))
            .collect()
    }

    /// Accepts every namespace whose name fits a path pattern: `/org/{org}/room/{room}`.
    ///
    /// A part stands for at least one character other than a slash; between two slashes there may
    /// be one, with text around it (`/org-{org}`). Handlers read parts with
    /// [`Socket::part`](crate::Socket::part).
    ///
    /// Of several rules the first that accepts a name has it, in the order of their registration;
    /// the same pattern again is the same rule. A rule decides whether a namespace *exists*, once,
    /// when it is asked for and is not there. Who may join is decided by
    /// [`middleware`](ParentNamespace::middleware), for each client.
    ///
    /// How many namespaces clients may bring about, and when they vanish, is set by
    /// [`NamespacesConfig`](crate::NamespacesConfig).
    ///
    /// # Panics
    /// When the pattern is malformed.
    pub fn of_pattern(&self, pattern: &str) -> ParentNamespace {
        self.rule(Rule::pattern(pattern), pattern)
    }

    /// Accepts every namespace in whose name a regular expression is found, as
    /// [`of_pattern`](Io::of_pattern) does with a pattern; `^` and `$` make it fit the whole name,
    /// which begins with a slash. Named groups are parts: `^/org-(?<org>\d+)$`.
    ///
    /// The syntax is that of the crate `regex-lite`, without look-around and back-references: the
    /// time for a name grows with its length alone. Classes such as `\d` are ASCII, as in
    /// JavaScript.
    ///
    /// ```
    /// let io = trunkline::Io::builder().build();
    /// io.of_regex(r"^/dynamic-\d+$").on_connect(async |socket: trunkline::Socket| {
    ///     println!("{} is in {}", socket.id(), socket.namespace());
    /// });
    /// ```
    ///
    /// # Panics
    /// When the expression is malformed, or larger than 1 MiB when compiled.
    pub fn of_regex(&self, expression: &str) -> ParentNamespace {
        self.rule(Rule::regex(expression), expression)
    }

    /// Lets an async predicate accept namespaces: it is given the name that a client asks for and
    /// what the client sent along (`auth`, an empty object if nothing).
    ///
    /// The client's other events go on meanwhile; what it sends for this namespace is held. The
    /// predicate is asked only while the namespace does not exist, so `auth` that it has accepted
    /// says nothing about the next client: who may join is a
    /// [`middleware`](ParentNamespace::middleware)'s business. One that panics accepts nothing.
    ///
    /// ```
    /// # async fn is_known(_: &str) -> bool { true }
    /// let io = trunkline::Io::builder().build();
    /// io.of_fn(async |name: String, _auth: serde_json::Value| {
    ///     name.starts_with("/room/") && is_known(&name).await
    /// });
    /// ```
    pub fn of_fn<F, Fut>(&self, predicate: F) -> ParentNamespace
    where
        F: FnOnce(String, Value) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = bool> + Send + 'static,
    {
        self.rule(Ok(Rule::function(predicate)), "fn")
    }

    /// Is told of every new namespace (`new_namespace` of the JavaScript API), whoever brought it
    /// about; handlers that are added here see the first client's events already.
    ///
    /// It runs on the task of that client, or within [`of`](Io::of), and should be short. Further
    /// clients may join meanwhile.
    pub fn on_new_namespace(&self, hook: impl Fn(&Namespace) + Send + Sync + 'static) {
        self.0.namespaces.watch(Arc::new(hook));
    }

    fn rule(&self, rule: Result<Rule, String>, text: &str) -> ParentNamespace {
        let rule = rule.unwrap_or_else(|what| panic!("{text:?} is no rule of namespaces: {what}"));
        ParentNamespace::new(self.clone(), self.0.namespaces.add_rule(rule))
    }

    /// Whether the namespace that a client asks for exists, or may.
    pub(crate) fn look_up(&self, name: &socketio::Namespace, auth: Option<&ByteString>) -> Lookup {
        if let Some(namespace) = self.0.namespaces.enter(name) {
            return Lookup::Found(namespace);
        }
        let rules = self.0.namespaces.rules();
        if rules.is_empty() {
            return Lookup::None;
        }
        let (name, auth) = (name.clone(), auth.cloned());
        Lookup::Ask(Box::pin(async move {
            for rule in &*rules {
                if rule.accepts(&name, auth.as_deref()).await {
                    return Some(rule.clone());
                }
            }
            None
        }))
    }

    /// The namespace that a rule has accepted, made if nobody was faster; the client counts as
    /// being there. None if the rule has as many as it may have.
    pub(crate) fn enter_child(
        &self,
        rule: &Arc<ParentInner>,
        name: &socketio::Namespace,
    ) -> Option<Found> {
        self.0.namespaces.enter_child(rule, name)
    }

    /// A client that is in a namespace counts once more.
    pub(crate) fn enter_namespace_again(&self, namespace: &NamespaceInner) {
        if let Some(child) = namespace.child() {
            child.enter();
        }
    }

    /// A client that had entered a namespace is there no more.
    pub(crate) fn leave_namespace(&self, namespace: &Arc<NamespaceInner>) {
        self.0.namespaces.leave(namespace);
    }

    /// Tells everybody who wants to know of a new namespace.
    pub(crate) fn announce(&self, namespace: &Arc<NamespaceInner>) {
        let namespace = Namespace::new(self.clone(), namespace.clone());
        for watcher in self.0.namespaces.watchers() {
            watcher(&namespace);
        }
    }
}

/// A namespace's name as clients write it.
fn with_slash(name: &str) -> Cow<'_, str> {
    match name.starts_with('/') {
        true => Cow::Borrowed(name),
        false => Cow::Owned(format!("/{name}")),
    }
}
