//! Plays every input that fuzzing has kept, or found, through the body of its target.
//!
//! A found input is copied to `fuzz/found/TARGET/` when its bug is fixed, and stays there.

#[path = "../fuzz/src/lib.rs"]
#[expect(unreachable_pub, reason = "it is a library of its own")]
mod laws;

use std::fs;
use std::path::Path;

/// Plays the files of one target; how many there were.
fn replay(folder: &Path, target: laws::Target) -> usize {
    let Ok(entries) = fs::read_dir(folder) else {
        return 0;
    };
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    for file in &files {
        println!("{}", file.display());
        target(&fs::read(file).expect("a file of the corpus"));
    }
    files.len()
}

#[test]
fn kept_and_found_inputs_keep_the_laws() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    for (name, target) in laws::TARGETS {
        let kept = replay(&fuzz.join("corpus").join(name), target);
        assert!(kept > 0, "{name} has no corpus");
        replay(&fuzz.join("found").join(name), target);
    }
}
