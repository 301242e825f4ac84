//! A rule that accepts names of namespaces, and what all namespaces that it made have in common.

mod broadcast;
mod child;
mod listening;
mod pattern;
mod rule;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::rooms::RoomEvent;
use crate::socketio::{IntoArgs, Namespace as Name};

use super::EmitError;
use super::answer::{IntoAdmission, IntoAnswer};
use super::handler::Handler;
use super::io::Io;
use super::namespace::{Namespace, NamespaceInner};
use super::operator::RoomNames;
use super::server_side::ServerSide;
use super::socket::Socket;

pub use broadcast::ParentBroadcast;
pub(crate) use child::{Child, Parts};
pub(crate) use rule::Rule;

/// All namespaces that one rule accepts; made by [`Io::of_pattern`], [`Io::of_regex`] and
/// [`Io::of_fn`].
///
/// What is registered here holds for each of them, also for those that exist already, and before
/// what is registered with one of them.
///
/// ```
/// use trunkline::{Error, Io, Socket};
///
/// let io = Io::builder().build();
/// io.of_pattern("/org/{org}/room/{room}")
///     .on("chat", async |socket: Socket, (text,): (String,)| -> Result<(), Error> {
///         println!("{} in {:?}: {text}", socket.id(), socket.part("room"));
///         Ok(())
///     });
/// ```
#[derive(Clone)]
pub struct ParentNamespace {
    io: Io,
    inner: Arc<ParentInner>,
}

pub(crate) struct ParentInner {
    rule: Rule,
    /// Holds the handlers; nobody is ever in it.
    template: Arc<NamespaceInner>,
    children: Mutex<Children>,
    /// Whether the log tells already that there are as many as there may be.
    told: AtomicBool,
    /// Whether somebody was in each of the children when that was looked at last, and has left none
    /// empty since.
    is_packed: AtomicBool,
}

#[derive(Default)]
struct Children {
    /// The server keeps them alive.
    all: HashMap<Name, Weak<NamespaceInner>>,
    /// How many of them clients brought about.
    made: usize,
    /// Who wants to know of the changes of rooms in each of them.
    room_hooks: Vec<RoomHook>,
}

type RoomHook = Arc<dyn Fn(&str, &RoomEvent) + Send + Sync>;

impl ParentNamespace {
    pub(crate) fn new(io: Io, inner: Arc<ParentInner>) -> ParentNamespace {
        ParentNamespace { io, inner }
    }

    /// The rule as text: the pattern, the regular expression, or `fn`.
    pub fn rule(&self) -> &str {
        self.inner.text()
    }

    /// The namespaces that belong to the rule at present, in no particular order.
    pub fn children(&self) -> Vec<Namespace> {
        let children = self.inner.children().into_iter();
        children
            .map(|child| Namespace::new(self.io.clone(), child))
            .collect()
    }

    /// Handles an event in every namespace of the rule; see [`Namespace::on`].
    ///
    /// # Panics
    /// As [`Namespace::on`].
    pub fn on<M: 'static, H>(&self, name: &str, handler: H) -> &ParentNamespace
    where
        H: Handler<M>,
        H::Output: IntoAnswer,
    {
        self.template().on(name, handler);
        self
    }

    /// Decides about every client that wants to join one of the namespaces; see
    /// [`Namespace::middleware`].
    ///
    /// # Panics
    /// As [`Namespace::on`].
    pub fn middleware<M: 'static, H>(&self, handler: H) -> &ParentNamespace
    where
        H: Handler<M>,
        H::Output: IntoAdmission,
    {
        self.template().middleware(handler);
        self
    }

    /// Runs for every client that was let in; see [`Namespace::on_connect`].
    ///
    /// # Panics
    /// As [`Namespace::on`].
    pub fn on_connect<M: 'static, H>(&self, handler: H) -> &ParentNamespace
    where
        H: Handler<M>,
        H::Output: IntoAnswer,
    {
        self.template().on_connect(handler);
        self
    }

    /// Runs for every socket that is leaving; see [`Namespace::on_disconnecting`].
    ///
    /// # Panics
    /// As [`Namespace::on`].
    pub fn on_disconnecting<M: 'static, H>(&self, handler: H) -> &ParentNamespace
    where
        H: Handler<M>,
        H::Output: IntoAnswer,
    {
        self.template().on_disconnecting(handler);
        self
    }

    /// Runs for every socket that has left; see [`Namespace::on_disconnect`].
    ///
    /// # Panics
    /// As [`Namespace::on`].
    pub fn on_disconnect<M: 'static, H>(&self, handler: H) -> &ParentNamespace
    where
        H: Handler<M>,
        H::Output: IntoAnswer,
    {
        self.template().on_disconnect(handler);
        self
    }

    /// Sends an event to every socket in every namespace of the rule and says how many were there.
    ///
    /// # Errors
    /// As [`Socket::emit`].
    pub fn emit(&self, name: &str, args: impl IntoArgs) -> Result<usize, EmitError> {
        self.everybody().emit(name, args)
    }

    /// The members of a room, or of several, in every namespace of the rule.
    pub fn to(&self, rooms: impl RoomNames) -> ParentBroadcast {
        self.everybody().to(rooms)
    }

    /// The same as [`to`](ParentNamespace::to) (`in` of the JavaScript API).
    pub fn within(&self, rooms: impl RoomNames) -> ParentBroadcast {
        self.to(rooms)
    }

    /// Everyone in every namespace of the rule but the members of these rooms.
    pub fn except(&self, rooms: impl RoomNames) -> ParentBroadcast {
        self.everybody().except(rooms)
    }

    /// All connected sockets of all namespaces of the rule.
    pub fn sockets(&self) -> Vec<Socket> {
        self.everybody().sockets()
    }

    /// How many sockets are connected to the namespaces of the rule.
    pub fn socket_count(&self) -> usize {
        let children = self.inner.children();
        children.iter().map(|child| child.roster.len()).sum()
    }

    pub(in crate::api) fn everybody(&self) -> ParentBroadcast {
        ParentBroadcast::new(self.inner.clone())
    }

    fn template(&self) -> Namespace {
        Namespace::new(self.io.clone(), self.inner.template.clone())
    }
}

impl ParentInner {
    pub(crate) fn new(rule: Rule) -> ParentInner {
        let template = Arc::new(NamespaceInner::new(rule.text().into()));
        ParentInner {
            rule,
            template,
            children: Mutex::default(),
            told: AtomicBool::new(false),
            is_packed: AtomicBool::new(false),
        }
    }

    pub(crate) fn text(&self) -> &str {
        self.rule.text()
    }

    pub(crate) fn server_side(&self) -> &ServerSide {
        &self.template.server_side
    }

    pub(crate) fn is_same(&self, rule: &Rule) -> bool {
        self.rule.is_same(rule)
    }

    /// Whether the rule accepts this name, asked for with this `auth` (JSON).
    pub(crate) async fn accepts(&self, name: &str, auth: Option<&str>) -> bool {
        self.rule.accepts(name, auth).await
    }

    /// The parts of a name that the rule accepts without asking the application.
    pub(crate) fn claim(&self, name: &str) -> Option<Parts> {
        self.rule.claim(name)
    }

    /// The parts of a name that the rule has accepted.
    pub(crate) fn parts(&self, name: &str) -> Parts {
        self.claim(name).unwrap_or_default()
    }

    /// How many children clients brought about.
    pub(crate) fn made(&self) -> usize {
        self.lock().made
    }

    pub(crate) fn adopt(&self, child: &Arc<NamespaceInner>) {
        let mut children = self.lock();
        children.made += 1;
        for hook in &children.room_hooks {
            watch_rooms(child, hook.clone());
        }
        let weak = Arc::downgrade(child);
        children.all.insert(child.name.clone(), weak);
    }

    /// Tells a hook of the changes of rooms in every child, those to come included.
    fn watch_rooms(&self, hook: RoomHook) {
        let mut children = self.lock();
        for child in children.all.values().filter_map(Weak::upgrade) {
            watch_rooms(&child, hook.clone());
        }
        children.room_hooks.push(hook);
    }

    /// A child is the application's from now on.
    fn count_off(&self) {
        self.lock().made -= 1;
    }

    /// Forgets a child, which counted as one that a client brought about unless the application has
    /// declared it.
    pub(crate) fn disown(&self, name: &Name, declared: bool) {
        let mut children = self.lock();
        if children.all.remove(name).is_some() && !declared {
            children.made -= 1;
        }
    }

    /// Whether there is no child in which nobody is, as far as is known without looking at each.
    pub(crate) fn is_packed(&self) -> bool {
        self.is_packed.load(Ordering::SeqCst)
    }

    /// What is to be assumed before looking at each child, so that no leaving is missed meanwhile.
    pub(crate) fn set_packed(&self, is_packed: bool) {
        self.is_packed.store(is_packed, Ordering::SeqCst);
    }

    /// There are as many as there may be: that is logged once.
    pub(crate) fn tell_full(&self) {
        if !self.told.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                rule = self.text(),
                "as many namespaces as a rule may have; those where nobody is are removed for new \
                 ones, and where somebody is in each, new ones are refused"
            );
        }
    }

    /// The children at present.
    pub(crate) fn children(&self) -> Vec<Arc<NamespaceInner>> {
        let children = self.lock();
        children.all.values().filter_map(Weak::upgrade).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Children> {
        // Nothing panics while the lock is held.
        self.children.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn watch_rooms(child: &NamespaceInner, hook: RoomHook) {
    let name = child.name.clone();
    child.roster.watch(move |event| hook(&name, event));
}

impl fmt::Debug for ParentNamespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParentNamespace")
            .field("rule", &self.rule())
            .finish_non_exhaustive()
    }
}
