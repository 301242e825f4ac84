//! The socket's data: what belongs to it and may travel, as JSON.

use std::sync::{MutexGuard, PoisonError};

use serde::Serialize;
use serde::de::{DeserializeOwned, Error as _};
use serde_json::{Map, Value};

use super::Socket;

pub(super) type Data = Map<String, Value>;

/// Data of its own that a socket carries: a JSON object, empty at first.
///
/// It can be read for as long as anybody has the socket, in disconnect handlers as well, and other
/// servers can see it. What only this program needs, of whatever type, is better
/// [`set`](Socket::set).
///
/// ```
/// # fn example(socket: &trunkline::Socket) -> Result<(), serde_json::Error> {
/// #[derive(serde::Deserialize)]
/// struct Guest { name: String }
///
/// socket.set_data("name", "Ada")?;
/// assert_eq!(socket.data()["name"], "Ada");
/// let guest: Guest = socket.data_as()?;
/// # Ok(())
/// # }
/// ```
impl Socket {
    /// A copy of the data as it is now.
    pub fn data(&self) -> Map<String, Value> {
        self.data_snapshot().unwrap_or_default()
    }

    /// The data as it is now, read into a type.
    ///
    /// # Errors
    /// When it does not fit.
    pub fn data_as<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_value(Value::Object(self.data()))
    }

    /// Sets one field.
    ///
    /// # Errors
    /// When the value cannot be written as JSON; nothing changes then.
    pub fn set_data(&self, key: &str, value: impl Serialize) -> Result<(), serde_json::Error> {
        let value = serde_json::to_value(value)?;
        self.lock_data()
            .get_or_insert_default()
            .insert(key.to_owned(), value);
        Ok(())
    }

    /// Removes one field and gives back what it was.
    pub fn remove_data(&self, key: &str) -> Option<Value> {
        self.lock_data().as_mut()?.remove(key)
    }

    /// Puts something else in the place of all the data: a struct or a map.
    ///
    /// # Errors
    /// When it does not become a JSON object; nothing changes then.
    pub fn replace_data(&self, data: impl Serialize) -> Result<(), serde_json::Error> {
        match serde_json::to_value(data)? {
            Value::Object(data) => {
                self.restore_data(data);
                Ok(())
            }
            _ => Err(serde_json::Error::custom("a socket's data is an object")),
        }
    }

    /// The data, if there ever was any.
    pub(crate) fn data_snapshot(&self) -> Option<Map<String, Value>> {
        self.lock_data().as_deref().cloned()
    }

    /// Takes over what another socket's [snapshot](Socket::data_snapshot) was.
    pub(crate) fn restore_data(&self, data: Map<String, Value>) {
        *self.lock_data() = Some(Box::new(data));
    }

    fn lock_data(&self) -> MutexGuard<'_, Option<Box<Data>>> {
        // Nothing panics while the lock is held.
        self.0.data.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
