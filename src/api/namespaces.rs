//! The namespaces of one server: those that the application declared, and those that its rules let
//! clients bring about.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::socketio::Namespace as Name;

use super::cluster::Cluster;
use super::namespace::{Namespace, NamespaceInner};
use super::parent::{Child, ParentInner, Rule};
use super::recovery::Terms;

/// What becomes of namespaces that clients bring about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NamespacesConfig {
    /// Whether a namespace that a rule made is removed when its last socket leaves, or when the
    /// only client that asked for it is refused. Default: no, as in the reference server; then it
    /// stays until the next limit is reached.
    pub cleanup_empty_child_namespaces: bool,
    /// How many namespaces clients may bring about by one rule. At the limit those in which nobody
    /// is are removed, whatever the option above says; if there is none, the next new name is
    /// refused with `Invalid namespace`. Default: 10,000.
    pub max_child_namespaces: usize,
}

impl Default for NamespacesConfig {
    fn default() -> NamespacesConfig {
        NamespacesConfig {
            cleanup_empty_child_namespaces: false,
            max_child_namespaces: 10_000,
        }
    }
}

/// All namespaces by name, and the rules by which more may come.
///
/// Whoever holds both locks took the one of `known` first, then that of a rule's children.
pub(crate) struct Namespaces {
    config: NamespacesConfig,
    /// Is told, under the lock of `known`, which namespaces there are.
    cluster: Option<Arc<Cluster>>,
    /// Only where recovery is on.
    recovery: Option<Arc<Terms>>,
    known: RwLock<Known>,
    /// In the order of their registration; replaced as a whole.
    rules: RwLock<Arc<[Arc<ParentInner>]>>,
    watchers: RwLock<Vec<Watcher>>,
}

type Known = HashMap<Name, Arc<NamespaceInner>>;
pub(crate) type Watcher = Arc<dyn Fn(&Namespace) + Send + Sync>;

/// A namespace, and whether it came about just now.
pub(crate) struct Found {
    pub(crate) namespace: Arc<NamespaceInner>,
    pub(crate) is_new: bool,
}

impl Namespaces {
    pub(crate) fn new(
        config: NamespacesConfig,
        cluster: Option<Arc<Cluster>>,
        recovery: Option<Arc<Terms>>,
    ) -> Namespaces {
        Namespaces {
            config,
            cluster,
            recovery,
            known: RwLock::default(),
            rules: RwLock::new(Arc::new([])),
            watchers: RwLock::default(),
        }
    }

    /// The namespace of exactly this name.
    pub(crate) fn get(&self, name: &str) -> Option<Arc<NamespaceInner>> {
        self.read().get(name).cloned()
    }

    /// The same for a client, who counts as being there until [`leave`](Namespaces::leave).
    pub(crate) fn enter(&self, name: &str) -> Option<Arc<NamespaceInner>> {
        let known = self.read();
        let namespace = known.get(name)?;
        if let Some(child) = namespace.child() {
            child.enter();
        }
        Some(namespace.clone())
    }

    /// The namespace of this name, which the application wants to stay.
    pub(crate) fn declare(&self, name: &str) -> Found {
        let is_declared = |namespace: &Arc<NamespaceInner>| {
            let child = namespace.child();
            child.is_none_or(Child::is_declared)
        };
        if let Some(namespace) = self.get(name).filter(is_declared) {
            return Found {
                namespace,
                is_new: false,
            };
        }
        let rules = self.rules();
        let mut known = self.write();
        if let Some(namespace) = known.get(name).cloned() {
            if let Some(child) = namespace.child() {
                child.declare();
            }
            return Found {
                namespace,
                is_new: false,
            };
        }
        let name = Name::from(name);
        let claimed = rules
            .iter()
            .find_map(|rule| Some((rule, rule.claim(&name)?)));
        let namespace = match claimed {
            Some((rule, parts)) => {
                let child = Child::new(rule.clone(), parts);
                NamespaceInner::child_of(name.clone(), child)
            }
            None => NamespaceInner::new(name.clone()),
        };
        let namespace = self.equip(namespace);
        known.insert(name, namespace.clone());
        if let Some(child) = namespace.child() {
            child.parent().adopt(&namespace);
            child.declare();
        }
        Found {
            namespace,
            is_new: true,
        }
    }

    /// A namespace that `rule` has accepted, for a client as in [`enter`](Namespaces::enter). None
    /// if there are as many as there may be.
    pub(crate) fn enter_child(&self, rule: &Arc<ParentInner>, name: &Name) -> Option<Found> {
        let mut removed = Vec::new();
        let found = {
            let mut known = self.write();
            let is_new = !known.contains_key(name);
            if is_new {
                let most = self.config.max_child_namespaces;
                if rule.made() >= most && !rule.is_packed() {
                    removed = sweep(&mut known, rule);
                }
                if rule.made() >= most {
                    return None;
                }
                let child = Child::new(rule.clone(), rule.parts(name));
                let namespace = self.equip(NamespaceInner::child_of(name.clone(), child));
                rule.adopt(&namespace);
                known.insert(name.clone(), namespace);
            }
            let namespace = known.get(name).cloned()?;
            if let Some(child) = namespace.child() {
                child.enter();
            }
            Found { namespace, is_new }
        };
        // Dropped after the lock: handlers in it are the application's code.
        drop(removed);
        Some(found)
    }

    /// A client that had [entered](Namespaces::enter) is there no more.
    pub(crate) fn leave(&self, namespace: &Arc<NamespaceInner>) {
        let Some(child) = namespace.child() else {
            return;
        };
        if child.leave() {
            self.clean_up(namespace, child);
        }
    }

    /// Removes a namespace that a rule made, if that is wanted, nobody is there, and nobody may come
    /// back to it.
    pub(crate) fn clean_up(&self, namespace: &Arc<NamespaceInner>, child: &Child) {
        let is_kept = namespace
            .keeper
            .as_ref()
            .is_some_and(|keeper| !keeper.is_deserted());
        if is_kept || !self.config.cleanup_empty_child_namespaces {
            return;
        }
        let removed = {
            let mut known = self.write();
            // Somebody may have come meanwhile, and a namesake may have taken its place.
            let is_itself = |known: &Arc<NamespaceInner>| Arc::ptr_eq(known, namespace);
            match child.is_vacant() && known.get(&namespace.name).is_some_and(is_itself) {
                true => forget(&mut known, namespace),
                false => None,
            }
        };
        drop(removed);
    }

    /// Takes out the namespace of this name, whoever is in it; nobody is let in any more.
    pub(crate) fn remove(&self, name: &str) -> Option<Arc<NamespaceInner>> {
        let mut known = self.write();
        let namespace = known.get(name).cloned()?;
        namespace.remove();
        forget(&mut known, &namespace);
        Some(namespace)
    }

    /// All namespaces, in no particular order.
    pub(crate) fn all(&self) -> Vec<Arc<NamespaceInner>> {
        self.read().values().cloned().collect()
    }

    /// The rules as they are now.
    pub(crate) fn rules(&self) -> Arc<[Arc<ParentInner>]> {
        let rules = self.rules.read().unwrap_or_else(PoisonError::into_inner);
        rules.clone()
    }

    /// Adds a rule behind the others. A pattern that is there already is the same rule.
    pub(crate) fn add_rule(&self, rule: Rule) -> Arc<ParentInner> {
        let mut rules = self.rules.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = rules.iter().find(|known| known.is_same(&rule)) {
            return known.clone();
        }
        let added = Arc::new(ParentInner::new(rule));
        *rules = rules.iter().cloned().chain([added.clone()]).collect();
        added
    }

    /// Adds somebody who wants to hear of new namespaces.
    pub(crate) fn watch(&self, watcher: Watcher) {
        let mut watchers = self
            .watchers
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        watchers.push(watcher);
    }

    /// Who wants to hear of new namespaces.
    pub(crate) fn watchers(&self) -> Vec<Watcher> {
        let watchers = self.watchers.read().unwrap_or_else(PoisonError::into_inner);
        watchers.clone()
    }

    /// Gives a new namespace what all of this server have.
    fn equip(&self, namespace: NamespaceInner) -> Arc<NamespaceInner> {
        let namespace = namespace.in_cluster(self.cluster.clone());
        Arc::new(namespace.with_recovery(self.recovery.as_ref()))
    }

    fn read(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Known> {
        self.known.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes out the children of a rule in which nobody is.
fn sweep(known: &mut Known, rule: &ParentInner) -> Vec<Arc<NamespaceInner>> {
    rule.set_packed(true);
    let children = rule.children().into_iter();
    let vacant = children.filter(|namespace| namespace.child().is_some_and(Child::is_vacant));
    rule.tell_full();
    let removed: Vec<_> = vacant
        .filter_map(|namespace| forget(known, &namespace))
        .collect();
    if !removed.is_empty() {
        rule.set_packed(false);
    }
    removed
}

fn forget(known: &mut Known, namespace: &NamespaceInner) -> Option<Arc<NamespaceInner>> {
    if let Some(child) = namespace.child() {
        child.parent().disown(&namespace.name, child.is_declared());
    }
    if let Some(cluster) = &namespace.cluster {
        cluster.adapter().namespace_closed(&namespace.name);
    }
    known.remove(&namespace.name)
}

#[cfg(test)]
mod tests;
