//! The admin API's bearer tokens: each with a name and an end, in a file that is read again when
//! it changes, so that one is replaced while everything runs. What cannot be used is told and the
//! last good set stays. Knows nothing of HTTP.

pub mod cli;
mod file;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use prometheus::{
    IntCounterVec, IntGauge, IntGaugeVec, register_int_counter_vec, register_int_gauge,
    register_int_gauge_vec,
};
use subtle::{ConditionallySelectable, ConstantTimeEq};
use tokio::sync::watch;
use zeroize::Zeroizing;

pub use self::file::Line;
use zaraba_secret as secret;

use crate::clock;

/// How often the file is read.
const EVERY: Duration = Duration::from_secs(1);
/// A token that ends within this is told of in the log.
const SOON: SignedDuration = SignedDuration::from_hours(7 * 24);

struct Metrics {
    calls: IntCounterVec,
    refused: IntCounterVec,
    seconds: IntGaugeVec,
    unusable: IntGauge,
}

static METRICS: LazyLock<Metrics> = LazyLock::new(|| {
    Metrics {
    calls: register_int_counter_vec!(
        "zaraba_admin_calls_total",
        "Calls of the admin API that were let in, by name of their token.",
        &["name"]
    )
    .expect("registered once, here"),
    refused: register_int_counter_vec!(
        "zaraba_admin_refused_total",
        "Calls of the admin API that were not let in, by why: unknown token (or none), ended token.",
        &["why"]
    )
    .expect("registered once, here"),
    seconds: register_int_gauge_vec!(
        "zaraba_admin_token_seconds",
        "Seconds until an admin token ends, by its name; 0 and less: it is refused.",
        &["name"]
    )
    .expect("registered once, here"),
    unusable: register_int_gauge!(
        "zaraba_admin_token_file_unusable",
        "1: http.admin_token_file cannot be used as it is now; the last good tokens stay in force."
    )
    .expect("registered once, here"),
}
});

/// Who calls, by token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// The token's name.
    pub name: Arc<str>,
    hash: blake3::Hash,
}

/// Why a token does not let anybody in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// None of the tokens.
    Unknown,
    /// It was one.
    Ended {
        /// Its name.
        name: Arc<str>,
        /// Its end.
        until: Timestamp,
    },
}

/// A token in force or ended, kept as its hash, which also makes comparing it independent of its
/// length.
struct Known {
    name: Arc<str>,
    hash: blake3::Hash,
    until: Timestamp,
}

type Set = Arc<[Known]>;

/// What the file was when it was read last.
struct Seen {
    content: blake3::Hash,
    problem: Option<String>,
}

/// The tokens; cheap to clone.
#[derive(Clone)]
pub struct AdminTokens(Arc<Inner>);

struct Inner {
    path: PathBuf,
    days_max: u32,
    set: watch::Sender<Set>,
    seen: Mutex<Seen>,
}

/// Real time, as ends are written.
fn now() -> Timestamp {
    Timestamp::from_nanosecond(i128::from(clock::now().0)).unwrap_or(Timestamp::MAX)
}

/// `days` from now, in whole seconds.
fn in_days(days: u32) -> Timestamp {
    let second = Timestamp::from_second(now().as_second()).unwrap_or(Timestamp::MAX);
    second.checked_add(SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(Timestamp::MAX)
}

fn invalid(why: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// Puts a file with one new random token to `path`; the token.
///
/// # Errors
/// When it cannot be written.
pub fn create(path: &Path, name: &str, days: u32) -> io::Result<Zeroizing<String>> {
    let line = Line::random(name, in_days(days)).map_err(invalid)?;
    let text = Zeroizing::new(format!("{}{}", file::HEAD, line.text().as_str()));
    secret::write(path, text.as_bytes())?;
    tracing::info!(event = "auth.admin_token_created", path = %path.display(), name, until = %line.until);
    Ok(line.token)
}

/// The token of this name in the file, where it is good for a week and more; else as [`create`].
///
/// # Errors
/// When it cannot be written.
pub fn keep_or_create(path: &Path, name: &str, days: u32) -> io::Result<Zeroizing<String>> {
    let lines = secret::read(path).ok().and_then(|text| file::parse(&text, now(), days).ok());
    let kept = lines.into_iter().flatten().find(|line| line.name == name);
    match kept.filter(|line| line.until > now() + SOON) {
        Some(line) => Ok(line.token),
        None => create(path, name, days),
    }
}

impl AdminTokens {
    /// Reads the tokens from `path`, or makes one there, `first`, when nothing is; none may end
    /// more than `days_max` days ahead.
    ///
    /// # Errors
    /// When the file cannot be made or used; the message says how it should be.
    pub fn open(path: &Path, days_max: u32) -> io::Result<AdminTokens> {
        let text = match secret::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                create(path, "first", days_max)?;
                secret::read(path)?
            }
            read => read?,
        };
        let lines = file::parse(&text, now(), days_max).map_err(invalid)?;
        METRICS.unusable.set(0);
        let seen = Seen { content: blake3::hash(text.as_bytes()), problem: None };
        Ok(AdminTokens(Arc::new(Inner {
            path: path.to_owned(),
            days_max,
            set: watch::Sender::new(known(&lines)),
            seen: Mutex::new(seen),
        })))
    }

    /// Whose token `given` is, in a time that does not depend on which, or how alike.
    ///
    /// # Errors
    /// When it is none, or has ended.
    pub fn check(&self, given: &str) -> Result<Client, Refused> {
        let hash = blake3::hash(given.as_bytes());
        let set = self.0.set.borrow().clone();
        let mut place = 0u32;
        for (index, known) in (1u32..).zip(set.iter()) {
            place.conditional_assign(&index, known.hash.as_bytes().ct_eq(hash.as_bytes()));
        }
        let Some(found) = place.checked_sub(1).and_then(|index| set.get(index as usize)) else {
            return Err(Refused::Unknown);
        };
        if found.until <= now() {
            return Err(Refused::Ended { name: found.name.clone(), until: found.until });
        }
        Ok(Client { name: found.name.clone(), hash })
    }

    /// As [`AdminTokens::check`]; a token that is not known or has ended is looked for in the file
    /// as it is now: who brings a new one just put there need not wait.
    ///
    /// # Errors
    /// As [`AdminTokens::check`].
    pub async fn check_anew(&self, given: &str) -> Result<Client, Refused> {
        self.refreshed().await;
        let checked = self.check(given);
        let why = match &checked {
            Ok(_) => return checked,
            Err(Refused::Unknown) => "unknown",
            Err(Refused::Ended { .. }) => "ended",
        };
        METRICS.refused.with_label_values(&[why]).inc();
        checked
    }

    /// Counts a call.
    pub fn count(&self, client: &Client) {
        METRICS.calls.with_label_values(&[&client.name]).inc();
    }

    /// Resolves when a client's token has ended or is no longer in the file.
    pub async fn gone(&self, client: Client) {
        let mut changes = self.0.set.subscribe();
        loop {
            let until = {
                let set = changes.borrow_and_update();
                set.iter().find(|known| known.hash == client.hash).map(|known| known.until)
            };
            let left = until.map_or(SignedDuration::ZERO, |until| until.duration_since(now()));
            // Less than nothing is none, too.
            let left = Duration::try_from(left).unwrap_or_default();
            if left.is_zero() {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(left.min(Duration::from_secs(86_400))) => {}
                changed = changes.changed() => if changed.is_err() { return },
            }
        }
    }

    /// Follows the file and tells of ends to come; never ends.
    pub async fn follow(self) {
        let mut told = BTreeMap::new();
        loop {
            self.refreshed().await;
            let set = self.0.set.borrow().clone();
            tell(&set, &mut told);
            tokio::time::sleep(EVERY).await;
        }
    }

    async fn refreshed(&self) {
        let tokens = self.clone();
        if tokio::task::spawn_blocking(move || tokens.refresh()).await.is_err() {
            tracing::error!(event = "auth.admin_tokens_unread", "reading the file panicked");
        }
    }

    /// Reads the file; what cannot be used leaves the set as it is.
    fn refresh(&self) {
        let inner = &*self.0;
        let mut seen = inner.seen.lock();
        let read = secret::read(&inner.path).map_err(|error| error.to_string()).and_then(|text| {
            let content = blake3::hash(text.as_bytes());
            if seen.problem.is_none() && seen.content == content {
                return Ok(None);
            }
            Ok(Some((content, file::parse(&text, now(), inner.days_max)?)))
        });
        match read {
            Ok(None) => {}
            Ok(Some((content, lines))) => {
                let names: Vec<&str> = lines.iter().map(|line| line.name.as_str()).collect();
                tracing::info!(event = "auth.admin_tokens_read", path = %inner.path.display(), names = names.join(" "));
                *seen = Seen { content, problem: None };
                inner.set.send_replace(known(&lines));
                METRICS.unusable.set(0);
            }
            Err(why) => {
                METRICS.unusable.set(1);
                if seen.problem.as_ref() != Some(&why) {
                    tracing::error!(event = "auth.admin_tokens_refused", path = %inner.path.display(),
                        error = why, "the tokens read before stay in force until they end; mend the file");
                    seen.problem = Some(why);
                }
            }
        }
    }
}

fn known(lines: &[Line]) -> Set {
    let known = |line: &Line| Known {
        name: line.name.as_str().into(),
        hash: blake3::hash(line.token.as_bytes()),
        until: line.until,
    };
    lines.iter().map(known).collect()
}

/// Sets the metrics, and logs once of each token that it ends soon and that it has ended.
fn tell(set: &[Known], told: &mut BTreeMap<Arc<str>, &'static str>) {
    told.retain(|name, _| {
        let stays = set.iter().any(|known| known.name == *name);
        if !stays {
            // It may have been set by nobody yet.
            let _ = METRICS.seconds.remove_label_values(&[name]);
        }
        stays
    });
    for known in set {
        let left = known.until.duration_since(now());
        METRICS.seconds.with_label_values(&[&known.name]).set(left.as_secs());
        let stage = match left {
            left if left <= SignedDuration::ZERO => "ended",
            left if left <= SOON => "ending",
            _ => "valid",
        };
        if told.insert(known.name.clone(), stage) == Some(stage) {
            continue;
        }
        let (name, until) = (&*known.name, known.until);
        match stage {
            "ended" => tracing::error!(event = "auth.admin_token_ended", name, %until,
                "calls with it are refused; take it out of http.admin_token_file"),
            "ending" => tracing::warn!(event = "auth.admin_token_ending", name, %until,
                "put a new token beside it in http.admin_token_file and give it to its caller"),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
