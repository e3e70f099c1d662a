//! The connection pool, whose password follows its file, and the one type the database lacks: time.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArgumentBuffer, PgConnectOptions, PgPoolOptions, PgTypeInfo, PgValueRef};
use sqlx::{PgPool, Postgres};
use tokio::sync::watch;
use zaraba_secret::{News, Watched};

use crate::config::Database;
use crate::metrics::METRICS;

/// Microseconds from the Unix epoch to 2000-01-01, where Postgres begins to count.
const POSTGRES_EPOCH_US: i64 = 946_684_800_000_000;

/// How often the file with the password is read.
const PASSWORD_EVERY: Duration = Duration::from_secs(1);

/// A `timestamptz` as a [`Timestamp`], microsecond precision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At(pub Timestamp);

impl From<At> for Timestamp {
    fn from(at: At) -> Timestamp {
        at.0
    }
}

impl sqlx::Type<Postgres> for At {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_name("timestamptz")
    }
}

impl sqlx::postgres::PgHasArrayType for At {
    fn array_type_info() -> PgTypeInfo {
        PgTypeInfo::with_name("_timestamptz")
    }
}

impl sqlx::Encode<'_, Postgres> for At {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        let micros = self.0.as_microsecond() - POSTGRES_EPOCH_US;
        <i64 as sqlx::Encode<Postgres>>::encode_by_ref(&micros, buffer)
    }
}

impl sqlx::Decode<'_, Postgres> for At {
    fn decode(value: PgValueRef<'_>) -> Result<At, BoxDynError> {
        let micros = <i64 as sqlx::Decode<Postgres>>::decode(value)?;
        let micros = micros.checked_add(POSTGRES_EPOCH_US).ok_or("time out of range")?;
        Ok(At(Timestamp::from_microsecond(micros)?))
    }
}

/// A pool that connects when first used, so that the console starts without the database.
///
/// # Errors
/// When the URL is not one, or the password file cannot be read.
pub fn pool(config: &Database) -> anyhow::Result<PgPool> {
    use anyhow::Context;
    let mut options: PgConnectOptions = config.url.parse().context("database.url")?;
    if !config.password_file.as_os_str().is_empty() {
        let password = zaraba_secret::read(&config.password_file).with_context(|| {
            format!("database.password_file {}", config.password_file.display())
        })?;
        options = options.password(zaraba_secret::line(&password));
    }
    let timeout_ms = (config.query_seconds * 1000).to_string();
    let options = options.application_name("zaraba-console").options([
        ("statement_timeout", timeout_ms.as_str()),
        // A filter that is not set, or an account with a thousand times the usual orders: a plan
        // for any values reads what one for these would not. Asked a few times, Postgres may
        // take to such a plan.
        ("plan_cache_mode", "force_custom_plan"),
    ]);
    Ok(PgPoolOptions::new()
        .max_connections(config.connections)
        .acquire_timeout(Duration::from_secs(3))
        .connect_lazy_with(options))
}

/// Carries the password from its file to new connections of the pool; ends at once when there is
/// no file, or when the console stops.
pub async fn follow_password(pool: PgPool, file: PathBuf, mut stopping: watch::Receiver<bool>) {
    if file.as_os_str().is_empty() {
        return;
    }
    let mut watched = Watched::new(file);
    loop {
        let news = watched.look();
        METRICS.password_unusable.set(matches!(news, News::Refused(_) | News::StillRefused).into());
        match news {
            News::Text { text, first } => {
                let options =
                    (*pool.connect_options()).clone().password(zaraba_secret::line(&text));
                pool.set_connect_options(options);
                if !first {
                    tracing::info!(event = "console.password_read", path = %watched.path().display());
                }
            }
            News::Refused(why) => {
                tracing::error!(event = "console.password_refused", path = %watched.path().display(),
                    error = why, "the password read before stays in use; mend the file");
            }
            News::Same | News::StillRefused => {}
        }
        tokio::select! {
            _ = stopping.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(PASSWORD_EVERY) => {}
        }
    }
}
