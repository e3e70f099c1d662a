//! What waits for a reader, live: each browser's count is asked for anew when the database tells
//! that requests changed.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use super::State;
use crate::app::App;
use crate::store::requests::{self, Reader};

/// A count is asked for anew at least this often: accounts may have changed their groups.
const RECOUNT: Duration = Duration::from_secs(20);

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
