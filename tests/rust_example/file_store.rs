//! The store in a folder keeps every write, and refuses what it cannot read.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test program")]

use std::fs;
use std::thread;

use mcp_oauth_driver::FileStore;
use mcp_oauth_wasm::data::json::Json;
use tempfile::tempdir;

fn numbered(number: f64) -> Json {
    Json::Object(Vec::new()).with("number", Json::Number(number))
}

fn number(store: &FileStore) -> f64 {
    match store.read("a key").unwrap().map(|record| record.value.member("number").clone()) {
        Some(Json::Number(number)) => number,
        _ => 0.0,
    }
}

#[test]
fn no_write_is_lost_however_many_write_at_once() {
    let folder = tempdir().unwrap();
    let writers: Vec<_> = (0..8)
        .map(|_| {
            let store = FileStore::open(folder.path()).unwrap();
            thread::spawn(move || {
                let mut written = 0;
                while written < 20 {
                    let version = store.read("a key").unwrap().map(|record| record.version);
                    let next = numbered(number(&store) + 1.0);
                    let swapped = store.compare_and_swap("a key", version.as_deref(), Some(&next));
                    written += u32::from(swapped.unwrap());
                }
            })
        })
        .collect();
    writers.into_iter().for_each(|writer| writer.join().unwrap());
    assert_eq!(number(&FileStore::open(folder.path()).unwrap()), 160.0);
}

#[test]
fn a_version_never_comes_back_and_none_means_that_there_is_no_record() {
    let folder = tempdir().unwrap();
    let store = FileStore::open(folder.path()).unwrap();
    let version = || store.read("a key").unwrap().map(|record| record.version);
    assert!(store.compare_and_swap("a key", None, Some(&numbered(1.0))).unwrap());
    let first = version();
    assert!(!store.compare_and_swap("a key", None, Some(&numbered(2.0))).unwrap());
    assert!(store.compare_and_swap("a key", first.as_deref(), None).unwrap());
    assert!(version().is_none());
    assert!(store.compare_and_swap("a key", None, Some(&numbered(1.0))).unwrap());
    assert_ne!(version(), first);
    assert!(!store.compare_and_swap("a key", first.as_deref(), None).unwrap());
}

#[test]
fn a_damaged_record_is_reported_and_left_as_it_is() {
    let folder = tempdir().unwrap();
    let store = FileStore::open(folder.path()).unwrap();
    store.compare_and_swap("a key", None, Some(&numbered(1.0))).unwrap();
    let is_record = |path: &std::path::PathBuf| path.extension().is_some_and(|extension| extension == "json");
    let path = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).find(is_record).unwrap();
    fs::write(&path, "{").unwrap();
    assert!(store.read("a key").is_err());
    assert!(store.compare_and_swap("a key", None, Some(&numbered(2.0))).is_err());
    assert_eq!(fs::read_to_string(path).unwrap(), "{");
}
