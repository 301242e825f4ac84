//! The account of one request: who still owes an answer, and who has not given one.

use std::collections::{HashMap, HashSet};

use super::{NodeId, Peers};
use crate::wire::SocketId;

/// Who had not answered when a request ended.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Missing {
    /// Sockets that were asked and have not answered.
    pub sockets: Vec<SocketId>,
    /// Nodes that have not answered; what they would have said is not known.
    pub nodes: Vec<NodeId>,
    /// How many more nodes there should be, where the adapter knows only their number; 1 where it
    /// could not even say that.
    pub unnamed: usize,
}

impl Missing {
    /// Whether nobody is missing.
    pub fn is_empty(&self) -> bool {
        self.sockets.is_empty() && self.nodes.is_empty() && self.unnamed == 0
    }

    /// Adds who is missing of another request to the same nodes.
    pub(crate) fn add(&mut self, other: Missing) {
        self.sockets.extend(other.sockets);
        self.sockets.sort();
        let of_other = other.nodes.into_iter();
        let fresh: Vec<_> = of_other.filter(|node| !self.nodes.contains(node)).collect();
        self.nodes.extend(fresh);
        self.unnamed = self.unnamed.max(other.unnamed);
    }
}

/// Which nodes are waited for, and which sockets of those that have said whom they asked.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Not known at first.
    peers: Option<Peers>,
    reported: HashSet<NodeId>,
    left: HashSet<NodeId>,
    /// Sockets that owe an answer, and the node they are on; none is this one.
    owed: HashMap<SocketId, Option<NodeId>>,
    answered: HashSet<SocketId>,
    /// Sockets of nodes that have left.
    lost: HashSet<SocketId>,
    /// No node was asked, so none is waited for.
    gave_up: bool,
}

impl Tally {
    /// These nodes are to report.
    pub(crate) fn expect(&mut self, peers: Peers) {
        self.peers = Some(peers);
    }

    /// A node has said all that it had to say about itself. False if it had already.
    pub(crate) fn report(&mut self, node: &NodeId) -> bool {
        self.reported.insert(node.clone())
    }

    /// A socket was asked, on another node or on this one.
    pub(crate) fn owe(&mut self, socket: SocketId, node: Option<&NodeId>) {
        // Its answer may have overtaken the news that it was asked.
        if self.answered.contains(&socket) {
            return;
        }
        // And the node's leaving may have overtaken both.
        if node.is_some_and(|node| self.left.contains(node)) {
            self.lost.insert(socket);
        } else {
            self.owed.insert(socket, node.cloned());
        }
    }

    /// A socket has answered. False if it had already, or was never asked.
    pub(crate) fn answer(&mut self, socket: &SocketId) -> bool {
        let was_asked =
            self.owed.remove(socket).is_some() || self.lost.remove(socket) || !self.has_reports();
        was_asked && self.answered.insert(socket.clone())
    }

    /// A node has left: neither its report nor its sockets' answers will come.
    pub(crate) fn leave(&mut self, node: &NodeId) {
        self.left.insert(node.clone());
        let gone = |on: &Option<NodeId>| on.as_ref() == Some(node);
        let of_node = self.owed.extract_if(|_, on| gone(on));
        self.lost.extend(of_node.map(|(socket, _)| socket));
    }

    /// The question did not go out: no node is waited for, and all are missing.
    pub(crate) fn give_up(&mut self) {
        self.gave_up = true;
    }

    /// Whether every node has reported that can.
    pub(crate) fn has_reports(&self) -> bool {
        let is_over = |node: &NodeId| self.reported.contains(node) || self.left.contains(node);
        match &self.peers {
            _ if self.gave_up => true,
            None => false,
            Some(Peers::Nodes(nodes)) => nodes.iter().all(is_over),
            Some(Peers::Count(count)) => self.reported.union(&self.left).count() >= *count,
        }
    }

    /// Whether nothing more will come.
    pub(crate) fn is_complete(&self) -> bool {
        self.owed.is_empty() && self.has_reports()
    }

    /// The sockets of this node that owe an answer.
    pub(crate) fn owed_here(&self) -> impl Iterator<Item = &SocketId> {
        let here = self.owed.iter().filter(|(_, node)| node.is_none());
        here.map(|(socket, _)| socket)
    }

    /// Who has not answered, if anybody.
    pub(crate) fn missing(&self) -> Missing {
        let mut sockets: Vec<_> = self.owed.keys().chain(&self.lost).cloned().collect();
        sockets.sort();
        let (nodes, unnamed) = match &self.peers {
            None => (Vec::new(), 1),
            Some(Peers::Nodes(nodes)) => {
                let silent = nodes.iter().filter(|node| !self.reported.contains(*node));
                (silent.cloned().collect(), 0)
            }
            Some(Peers::Count(count)) => (Vec::new(), count.saturating_sub(self.reported.len())),
        };
        Missing {
            sockets,
            nodes,
            unnamed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(name: &str) -> NodeId {
        NodeId::new(name)
    }

    fn socket(name: &str) -> SocketId {
        SocketId::new(name)
    }

    fn expecting(nodes: &[&str]) -> Tally {
        let mut tally = Tally::default();
        let nodes = nodes.iter().map(|name| node(name)).collect();
        tally.expect(Peers::Nodes(nodes));
        tally
    }

    #[test]
    fn nothing_is_complete_before_it_is_known_who_is_there() {
        let mut tally = Tally::default();
        assert!(!tally.is_complete());
        assert_eq!(tally.missing().unnamed, 1);
        tally.expect(Peers::Count(0));
        assert!(tally.is_complete());
        assert!(tally.missing().is_empty());
    }

    #[test]
    fn an_answer_counts_once_and_may_overtake_the_report() {
        let mut tally = expecting(&["b"]);
        tally.owe(socket("1"), None);
        assert!(tally.answer(&socket("2")), "before the report");
        tally.owe(socket("2"), Some(&node("b")));
        tally.owe(socket("3"), Some(&node("b")));
        assert!(tally.report(&node("b")));
        assert!(!tally.report(&node("b")));
        assert!(!tally.answer(&socket("2")), "a second time");
        assert!(!tally.answer(&socket("4")), "a stranger");
        assert!(tally.answer(&socket("1")));
        assert!(!tally.is_complete());
        assert!(tally.answer(&socket("3")));
        assert!(tally.is_complete() && tally.missing().is_empty());
    }

    #[test]
    fn who_is_missing_is_said_by_name() {
        let mut tally = expecting(&["b", "c", "d"]);
        for (id, on) in [("1", None), ("2", Some("b")), ("3", Some("b"))] {
            tally.owe(socket(id), on.map(node).as_ref());
        }
        tally.report(&node("b"));
        tally.answer(&socket("3"));
        tally.leave(&node("c"));
        assert!(!tally.has_reports());
        tally.leave(&node("b"));
        tally.leave(&node("d"));
        assert!(tally.has_reports() && !tally.is_complete());
        assert_eq!(tally.owed_here().collect::<Vec<_>>(), [&socket("1")]);
        let expected = Missing {
            sockets: vec![socket("1"), socket("2")],
            nodes: vec![node("c"), node("d")],
            unnamed: 0,
        };
        assert_eq!(tally.missing(), expected);
    }

    #[test]
    fn what_a_node_said_before_it_left_may_come_afterwards() {
        let mut tally = expecting(&["b"]);
        tally.leave(&node("b"));
        for id in ["1", "2"] {
            tally.owe(socket(id), Some(&node("b")));
        }
        tally.report(&node("b"));
        assert!(tally.is_complete(), "nobody is left who could answer");
        assert!(tally.answer(&socket("1")));
        assert!(!tally.answer(&socket("1")), "a second time");
        assert_eq!(tally.missing().sockets, [socket("2")]);
    }

    #[test]
    fn nodes_that_were_not_asked_are_missing_at_once() {
        let mut tally = expecting(&["b"]);
        tally.give_up();
        assert!(tally.is_complete());
        assert_eq!(tally.missing().nodes, [node("b")]);
    }

    #[test]
    fn where_nodes_are_only_counted_so_are_the_missing() {
        let mut tally = Tally::default();
        tally.report(&node("x"));
        tally.expect(Peers::Count(3));
        tally.leave(&node("y"));
        assert!(!tally.has_reports());
        tally.report(&node("z"));
        assert!(tally.is_complete());
        assert_eq!(tally.missing().unnamed, 1);
    }
}
