//! What an application brings: a store, a browser, and its name.

use std::sync::Arc;

use mcp_oauth_wasm::protocol::settings::ClientDescription;
use reqwest::redirect::Policy;
use tokio::sync::Mutex;

use crate::file_store::FileStore;

/// Shared by all connections of an application.
pub struct Host {
    pub http: reqwest::Client,
    pub store: FileStore,
    /// The application, as it presents itself to authorization servers.
    pub client: Arc<ClientDescription>,
    /// Opens a URL in the person's browser.
    pub open: Box<dyn Fn(&str) + Send + Sync>,
    /// Held while a person is asked: one sign-in after the other.
    pub person: Mutex<()>,
}

impl Host {
    pub fn new(
        client: ClientDescription,
        store: FileStore,
        open: impl Fn(&str) + Send + Sync + 'static,
    ) -> reqwest::Result<Arc<Host>> {
        // A token follows no redirect, and those of documents are judged by the library.
        let http = reqwest::Client::builder().redirect(Policy::none()).build()?;
        Ok(Arc::new(Host { http, store, client: client.into(), open: Box::new(open), person: Mutex::new(()) }))
    }
}
