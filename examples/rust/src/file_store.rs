//! A store in a folder: one file for each record, readable by its owner alone, for any number of processes at once.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mcp_oauth_wasm::data::json::Json;
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

#[derive(Clone, Debug)]
pub struct FileStore {
    folder: Arc<Path>,
}

/// A record, with a version that changes with every write and never comes back.
pub struct Record {
    pub version: String,
    pub value: Json,
}

impl FileStore {
    /// The store in that folder, which is made if it is not there.
    pub fn open(folder: impl Into<PathBuf>) -> io::Result<FileStore> {
        let folder: PathBuf = folder.into();
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.recursive(true).create(&folder)?;
        Ok(FileStore { folder: folder.into() })
    }

    pub fn read(&self, key: &str) -> io::Result<Option<Record>> {
        let path = self.path(key, "json");
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            text => text?,
        };
        let record = Json::parse(&text).unwrap_or(Json::Null);
        let (Some(version), value @ Json::Object(_)) = (record.text("version"), record.member("value")) else {
            let message = format!("{} is damaged; move it away to sign in anew", path.display());
            return Err(io::Error::new(ErrorKind::InvalidData, message));
        };
        Ok(Some(Record { version: version.to_owned(), value: value.clone() }))
    }

    /// Writes, or with `None` removes, only if the record still has that version (`None`: there must be none).
    pub fn compare_and_swap(&self, key: &str, version: Option<&str>, value: Option<&Json>) -> io::Result<bool> {
        let _lock = self.locked(key, "writing")?;
        if self.read(key)?.map(|record| record.version).as_deref() != version {
            return Ok(false);
        }
        let path = self.path(key, "json");
        let Some(value) = value else { return fs::remove_file(path).map(|()| true) };
        let record = Json::Object(Vec::new()).with("version", new_version()?.into()).with("value", value.clone());
        // A reader sees the file before or after a write, never in between.
        let mut file = NamedTempFile::new_in(&self.folder)?;
        file.write_all(record.to_text().as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(true)
    }

    /// Waits until nobody else, in this process or in another, has a lock of that key. Dropped, it is released.
    pub fn lock(&self, key: &str) -> io::Result<File> {
        self.locked(key, "lock")
    }

    fn locked(&self, key: &str, extension: &str) -> io::Result<File> {
        let file = File::options().create(true).truncate(false).write(true).open(self.path(key, extension))?;
        file.lock()?;
        Ok(file)
    }

    fn path(&self, key: &str, extension: &str) -> PathBuf {
        let name: String = Sha256::digest(key).iter().map(|byte| format!("{byte:02x}")).collect();
        self.folder.join(format!("{name}.{extension}"))
    }
}

fn new_version() -> io::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(format!("{:032x}", u128::from_ne_bytes(bytes)))
}
