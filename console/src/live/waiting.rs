//! What waits for a reader, live: the database tells when requests change, whichever console
//! changed them, and each browser's count is asked for anew.

use std::sync::Arc;
use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::{PgListener, PgPoolOptions};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::{Hub, State};
use crate::app::App;
use crate::store::requests::{self, Reader};

/// Channel of the database's messages (see the migration that makes its trigger).
const CHANNEL: &str = "console_requests";
/// What the connection calls itself, in Postgres' list of them.
pub const LISTENER: &str = "zaraba-console-listener";
/// Without a message for so long, the connection is asked for a sign of life.
const QUIET: Duration = Duration::from_secs(3);
/// Between attempts to reach the database.
const AGAIN: Duration = Duration::from_secs(1);
/// A count is asked for anew at least this often: a barrier may have changed.
const RECOUNT: Duration = Duration::from_secs(20);

/// Listens for changes of requests, on a connection of its own, for all browsers. Never gives up.
pub(super) async fn follow(hub: Arc<Hub>, pool: PgPool) {
    let mut stopping = hub.stopping.clone();
    let listen = async {
        loop {
            if let Err(error) = listen(&hub.requests, &pool).await {
                tracing::warn!(event = "console.requests_unheard", error = %error,
                    "changes of requests are not heard");
            }
            hub.requests.send_modify(|state| state.connected = false);
            sleep(AGAIN).await;
        }
    };
    tokio::select! {
        () = listen => {}
        _ = stopping.wait_for(|stop| *stop) => {}
    }
}

/// Counts changes until the connection is lost.
async fn listen(news: &watch::Sender<State<u64>>, pool: &PgPool) -> sqlx::Result<()> {
    let own = PgPoolOptions::new().max_connections(1).acquire_timeout(QUIET);
    let own = own.connect_lazy_with((*pool.connect_options()).clone().application_name(LISTENER));
    let mut listener = PgListener::connect_with(&own).await?;
    listener.listen(CHANNEL).await?;
    // What changed while nobody listened is a change, too.
    changed(news);
    loop {
        match timeout(QUIET, listener.try_recv()).await {
            Ok(Ok(Some(_))) => changed(news),
            // The connection was lost; what was said meanwhile is not known.
            Ok(Ok(None)) => return Ok(()),
            Ok(Err(error)) => return Err(error),
            Err(_) => {
                sqlx::query("SELECT 1").execute(&mut listener).await?;
                news.send_modify(|state| state.heard = Some(crate::clock::now()));
            }
        }
    }
}

fn changed(news: &watch::Sender<State<u64>>) {
    news.send_modify(|state| {
        let count = state.value.as_deref().map_or(1, |count| count + 1);
        state.value = Some(Arc::new(count));
        state.heard = Some(crate::clock::now());
        state.connected = true;
    });
}

/// How many requests wait for one reader, as long as somebody looks.
pub fn counts(app: &App, reader: Reader) -> watch::Receiver<State<i64>> {
    let (counts, receiver) = watch::channel(State::default());
    let (pool, mut news) = (app.pool.clone(), app.hub.requests());
    tokio::spawn(async move {
        loop {
            let heard = news.borrow_and_update().clone();
            let counted = requests::waiting_for(&pool, &reader).await;
            counts.send_modify(|state| {
                state.connected = heard.connected && counted.is_ok();
                if let Ok(count) = counted {
                    state.value = Some(Arc::new(count));
                    state.heard = Some(crate::clock::now());
                }
            });
            // Signs of life move the state as well; only changes ask the database.
            let same = |state: &State<u64>| {
                state.value == heard.value && state.connected == heard.connected
            };
            tokio::select! {
                () = counts.closed() => return,
                _ = timeout(RECOUNT, news.wait_for(|state| !same(state))) => {}
            }
        }
    });
    receiver
}
