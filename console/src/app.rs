//! What every handler may use, in one cheap-to-clone handle.

use std::sync::Arc;

use sqlx::PgPool;
use tokio::sync::{Semaphore, watch};

use crate::audit::Trail;
use crate::audit::job::Verifications;
use crate::backend::Backend;
use crate::config::Config;
use crate::live::Hub;
use crate::often::Often;
use crate::outward::Outward;
use crate::password::Checker;
use crate::people::passkey::Relying;
use crate::people::provider::Provider;
use crate::people::seal::Key;
use crate::requests::Desk;

/// Handles of the running console.
#[derive(Clone)]
pub struct App {
    /// Settings in force.
    pub config: Arc<Config>,
    /// The database.
    pub pool: PgPool,
    /// The backend's HTTP surfaces.
    pub backend: Backend,
    /// Services of others: hooks, the identity provider.
    pub outward: Outward,
    /// The audit trail.
    pub trail: Trail,
    /// Verifications of it that people start.
    pub verifications: Verifications,
    /// Live data, shared by all browsers.
    pub hub: Arc<Hub>,
    /// Seals secrets and marks codes.
    pub key: Arc<Key>,
    /// This console as passkeys know it, where it has a name.
    pub relying: Option<Arc<Relying>>,
    /// The firm's identity provider, where it has one.
    pub provider: Option<Arc<Provider>>,
    /// Password checks, two at once.
    pub checker: Checker,
    /// Wakes those who carry out requests and tell of them.
    pub desk: Arc<Desk>,
    /// How often people asked.
    pub often: Arc<Often>,
    /// Places for browsers' live connections.
    pub streams: Arc<Semaphore>,
    /// Turns true when the console stops, so that live connections end.
    pub stopping: watch::Receiver<bool>,
}
