//! The same server as `trunkline-server`, from the same source, with jemalloc in place of the
//! system's allocator.

#[path = "trunkline_server.rs"]
mod server;

use peer_servers::launch::Outcome;

/// Gives memory back some ten seconds after it was last used, by a thread of its own.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> Outcome {
    server::main()
}
