//! The application's state: values of any type, one of each, given to the server's builder.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// A handler's argument: the application's state of type `T`, shared by all handlers.
///
/// It is not axum's, which is for routes. Where both are used, one of them is renamed
/// (`use trunkline::State as IoState`) or spelled out.
///
/// ```
/// use trunkline::{Io, State};
///
/// struct Greeting(&'static str);
///
/// let io = Io::builder().state(Greeting("hello")).build();
/// io.of("/").on("greet", async |State(greeting): State<Greeting>| -> Result<_, trunkline::Error> {
///     Ok(greeting.0)
/// });
/// ```
#[derive(Debug)]
pub struct State<T>(pub Arc<T>);

impl<T> Clone for State<T> {
    fn clone(&self) -> State<T> {
        State(self.0.clone())
    }
}

impl<T> Deref for State<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// A set of values, at most one of each type.
#[derive(Default)]
pub struct States {
    values: HashMap<TypeId, Arc<dyn Any + Send + Sync>>,
}

impl States {
    pub(crate) fn insert<T: Send + Sync + 'static>(&mut self, value: T) {
        self.values.insert(TypeId::of::<T>(), Arc::new(value));
    }

    pub(crate) fn get<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.values.get(&TypeId::of::<T>())?.clone().downcast().ok()
    }
}

impl fmt::Debug for States {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("States")
            .field("count", &self.values.len())
            .finish_non_exhaustive()
    }
}
