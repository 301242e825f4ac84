//! The same packet with something else said of it, or for somebody else.

use std::sync::{Arc, OnceLock};

use super::{Content, Flags, Outgoing, Rare, SlowClient, message};
use crate::socketio::Namespace;

impl Outgoing {
    /// The same packet, to be treated in this way.
    #[must_use]
    pub fn with_flags(mut self, flags: Flags) -> Outgoing {
        self.flags = flags;
        self
    }

    /// The same event with one more argument for Socket.IO clients, by which they can say later how
    /// far they got. It must be a short text that needs no escape in JSON. An answer stays as it is.
    ///
    /// Protocol: connection state recovery, where the last argument is the packet's offset.
    #[must_use]
    pub fn with_offset(self, offset: &str) -> Outgoing {
        let Content::Event { .. } = self.content else {
            return self;
        };
        let Ok(length) = u32::try_from(offset.len() + 3) else {
            return self;
        };
        let open = &self.text[..self.text.len() - 1 - self.offset_length()];
        let mut text = String::with_capacity(open.len() + offset.len() + 4);
        text.push_str(open);
        text.push_str(",\"");
        text.push_str(offset);
        text.push_str("\"]");
        Outgoing {
            text: text.into(),
            offset: length,
            rare: self.rare_anew(),
            ..self
        }
    }

    /// The same packet for clients in another namespace; its values are not written anew.
    #[must_use]
    pub fn in_namespace(&self, namespace: &Namespace) -> Outgoing {
        let id = match self.content {
            Content::Ack { id } => id,
            Content::Event { .. } => None,
        };
        let (kind, json) = (self.content.kind(), self.json());
        let text = message(kind, self.attachments.len(), namespace, id, json);
        Outgoing {
            namespace: namespace.clone(),
            content: self.content,
            array: text.len() - json.len(),
            text: text.into(),
            attachments: self.attachments.clone(),
            flags: self.flags,
            slow: self.slow,
            offset: self.offset,
            rare: self.rare_anew(),
        }
    }

    /// The same packet, with its own policy for slow clients instead of the server's.
    #[must_use]
    pub fn with_policy(mut self, slow: Option<SlowClient>) -> Outgoing {
        self.slow = slow;
        self
    }

    /// The same packet, which replaces the one that has the same key and namespace where that still
    /// waits.
    #[must_use]
    pub fn with_key(mut self, key: Option<Arc<str>>) -> Outgoing {
        if key.is_some() || self.key().is_some() {
            self.alter_rare(|rare| rare.key = key);
        }
        self
    }

    #[cold]
    pub(super) fn alter_rare(&mut self, change: impl FnOnce(&mut Rare)) {
        let mut rare = self.rare.take().unwrap_or_default();
        change(&mut rare);
        self.rare = OnceLock::from(rare);
    }

    /// What few packets have, for the same packet with another text: without its other forms.
    fn rare_anew(&self) -> OnceLock<Box<Rare>> {
        let Some(rare) = self.rare.get() else {
            return OnceLock::new();
        };
        OnceLock::from(Box::new(Rare {
            name: rare.name.clone(),
            key: rare.key.clone(),
            ..Rare::default()
        }))
    }
}
