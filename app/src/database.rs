//! The login at Postgres: its password follows its file, so that a vault's agent (or a person) can
//! replace it while everything runs. Connections that stand stay as they are; new ones use the
//! password of the moment. Knows nothing of what is read and written there.

use std::path::PathBuf;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use parking_lot::RwLock;
use prometheus::{IntGauge, register_int_gauge};
use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;

use zaraba_secret::{News, Watched};

/// How often the file is read.
const EVERY: Duration = Duration::from_secs(1);

static UNUSABLE: LazyLock<IntGauge> = LazyLock::new(|| {
    register_int_gauge!(
        "zaraba_postgres_password_unusable",
        "1: postgres.password_file cannot be used as it is now; the last good password stays."
    )
    .expect("registered once, here")
});

/// How to connect at this moment; copies share it.
#[derive(Clone)]
pub struct Access(Arc<RwLock<PgConnectOptions>>);

impl Access {
    /// Options for the next connection.
    pub fn now(&self) -> PgConnectOptions {
        self.0.read().clone()
    }
}

impl From<PgConnectOptions> for Access {
    fn from(options: PgConnectOptions) -> Access {
        Access(Arc::new(RwLock::new(options)))
    }
}

/// Carries a password from its file to all who connect with it.
pub struct Passwords {
    /// `postgres.password_file`; empty: none.
    pub file: PathBuf,
    /// Whoever connects by himself.
    pub access: Access,
    /// Whoever has a pool.
    pub pools: Vec<PgPool>,
}

impl Passwords {
    /// Follows the file; ends at once when there is none, else never.
    pub async fn follow(self) {
        if self.file.as_os_str().is_empty() {
            return;
        }
        let mut watched = Watched::new(self.file.clone());
        loop {
            let looked = tokio::task::spawn_blocking(move || (watched.look(), watched)).await;
            let Ok((news, back)) = looked else {
                return tracing::error!(
                    event = "postgres.password_unread",
                    "reading the file panicked"
                );
            };
            watched = back;
            UNUSABLE.set(matches!(news, News::Refused(_) | News::StillRefused).into());
            match news {
                News::Text { text, first } => {
                    self.carry(zaraba_secret::line(&text));
                    if !first {
                        tracing::info!(event = "postgres.password_read", path = %self.file.display());
                    }
                }
                News::Refused(why) => {
                    tracing::error!(event = "postgres.password_refused", path = %self.file.display(),
                        error = why, "the password read before stays in use; mend the file");
                }
                News::Same | News::StillRefused => {}
            }
            tokio::time::sleep(EVERY).await;
        }
    }

    fn carry(&self, password: &str) {
        for pool in &self.pools {
            pool.set_connect_options((*pool.connect_options()).clone().password(password));
        }
        let mut options = self.access.0.write();
        *options = options.clone().password(password);
    }
}
