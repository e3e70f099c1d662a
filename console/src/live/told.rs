//! What the database tells at once, whichever console or command changed it: that requests
//! changed, and that what a person may do has. One connection for all browsers.

use std::sync::Arc;
use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::{PgListener, PgPoolOptions};
use tokio::sync::{broadcast, watch};
use tokio::time::{sleep, timeout};

use super::{Hub, State};

/// Channels of the database's messages (see the migrations that make their triggers).
const REQUESTS: &str = "console_requests";
const PEOPLE: &str = "console_people";
/// What the connection calls itself, in Postgres' list of them.
pub const LISTENER: &str = "zaraba-console-listener";
/// Without a message for so long, the connection is asked for a sign of life.
const QUIET: Duration = Duration::from_secs(3);
/// Between attempts to reach the database.
const AGAIN: Duration = Duration::from_secs(1);

/// Whom a change may concern: a person by their number, or, when messages were missed, everybody.
pub type Concerned = Option<i32>;

/// Listens for ever.
pub(super) async fn follow(hub: Arc<Hub>, pool: PgPool) {
    let mut stopping = hub.stopping.clone();
    let listen = async {
        loop {
            if let Err(error) = listen(&hub, &pool).await {
                tracing::warn!(event = "console.requests_unheard", error = %error,
                    "changes of requests and people are not heard");
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

/// Passes on what is told until the connection is lost.
async fn listen(hub: &Hub, pool: &PgPool) -> sqlx::Result<()> {
    let own = PgPoolOptions::new().max_connections(1).acquire_timeout(QUIET);
    let own = own.connect_lazy_with((*pool.connect_options()).clone().application_name(LISTENER));
    let mut listener = PgListener::connect_with(&own).await?;
    listener.listen_all([REQUESTS, PEOPLE]).await?;
    // What changed while nobody listened is a change, too.
    changed(&hub.requests);
    concerns(&hub.people, None);
    loop {
        match timeout(QUIET, listener.try_recv()).await {
            Ok(Ok(Some(told))) if told.channel() == PEOPLE => {
                concerns(&hub.people, told.payload().parse().ok());
            }
            Ok(Ok(Some(_))) => changed(&hub.requests),
            // The connection was lost; what was said meanwhile is not known.
            Ok(Ok(None)) => return Ok(()),
            Ok(Err(error)) => return Err(error),
            Err(_) => {
                sqlx::query("SELECT 1").execute(&mut listener).await?;
                hub.requests.send_modify(|state| state.heard = Some(crate::clock::now()));
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

fn concerns(people: &broadcast::Sender<Concerned>, whom: Concerned) {
    // Nobody listens when no live page is open.
    let _ = people.send(whom);
}

/// Waits until something may have changed for this person.
pub async fn of_person(people: &mut broadcast::Receiver<Concerned>, person: i32) {
    use broadcast::error::RecvError;
    loop {
        match people.recv().await {
            Ok(whom) if whom.is_some_and(|whom| whom != person) => {}
            Ok(_) | Err(RecvError::Lagged(_)) => return,
            // The console stops; that ends live connections by itself.
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}
