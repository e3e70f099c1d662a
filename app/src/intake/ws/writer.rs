//! The writing half of a connection: empties the client's queue, takes its account's
//! events from memory or, where they are gone from there, from the database, and keeps the
//! server's ping going. Every write has a time limit, so a client that stops reading ends
//! here and nowhere else.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use bytes::Bytes;
use futures_util::SinkExt;
use futures_util::stream::SplitSink;
use serde::Serialize;
use serde_json::Value;
use tokio::task::JoinHandle;
use zaraba_engine::types::AccountId;

use super::Clocks;
use super::feed::{Next, Replay};
use super::history::Reader;
use super::messages;
use super::ops::{OpError, error_message};
use super::session::Shared;
use crate::clock;
use crate::market::client::Drop as DropReason;
use crate::market::metrics::METRICS;
use crate::market::private::{Page, Position, PrivateEvent};
use crate::market::shapes::to_json;

/// Messages written before the private events and the ping get their turn.
const BURST: usize = 64;
/// Private events taken at once from memory.
const PAGE: usize = 64;
/// Time to say goodbye in.
pub const FAREWELL: Duration = Duration::from_secs(2);

/// The client cannot be written to any more.
struct Lost;

struct Writer {
    shared: Arc<Shared>,
    sink: SplitSink<WebSocket, Message>,
    clocks: Clocks,
    /// A page being read from the database, and the replay it is for.
    reading: Option<Reading>,
    reader: Reader,
}

struct Reading {
    replay: Replay,
    work: JoinHandle<(Reader, Result<Page, String>)>,
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.work.abort();
    }
}

/// Writes until the client is gone, then says why and closes.
pub async fn run(shared: Arc<Shared>, sink: SplitSink<WebSocket, Message>, clocks: Clocks) {
    let reader = Reader::default();
    let mut writer = Writer { shared, sink, clocks, reading: None, reader };
    let lost = writer.serve().await.is_err();
    if lost {
        writer.shared.client.leave();
        return;
    }
    let _ = tokio::time::timeout(FAREWELL, writer.farewell()).await;
}

impl Writer {
    async fn serve(&mut self) -> Result<(), Lost> {
        let mut ping_at = Instant::now() + self.clocks.ping;
        while !self.shared.client.is_gone() {
            let mut busy = self.drain().await?;
            busy |= self.private().await?;
            self.bounded(Step::Flush).await?;
            if ping_at <= Instant::now() {
                ping_at = Instant::now() + self.clocks.ping;
                self.check_key();
                self.bounded(Step::Feed(Message::Ping(Bytes::new()))).await?;
                self.bounded(Step::Flush).await?;
            }
            if !busy {
                let wait = ping_at.saturating_duration_since(Instant::now());
                let client = self.shared.client.clone();
                let _ = tokio::time::timeout(wait, client.woken()).await;
            }
        }
        Ok(())
    }

    fn check_key(&self) {
        if let Some(principal) = self.shared.principal.get()
            && !self.shared.platform.keys.is_valid(&principal.key, clock::now())
        {
            self.shared.client.drop_for(DropReason::KeyExpired);
        }
    }

    /// Writes what waits, at most a burst. Whether more may wait.
    async fn drain(&mut self) -> Result<bool, Lost> {
        for _ in 0..BURST {
            let Some(message) = self.shared.client.next() else { return Ok(false) };
            self.send(message).await?;
        }
        Ok(true)
    }

    async fn send(&mut self, message: Utf8Bytes) -> Result<(), Lost> {
        METRICS.messages.inc();
        METRICS.bytes.inc_by(message.as_str().len() as u64);
        self.bounded(Step::Feed(Message::Text(message))).await
    }

    async fn bounded(&mut self, step: Step) -> Result<(), Lost> {
        let sink = &mut self.sink;
        let work = async {
            match step {
                Step::Feed(message) => sink.feed(message).await,
                Step::Flush => sink.flush().await,
            }
        };
        match tokio::time::timeout(self.clocks.write, work).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Lost),
            Err(_) => {
                self.shared.client.drop_for(DropReason::WriteTimeout);
                Err(Lost)
            }
        }
    }

    async fn farewell(&mut self) -> Result<(), axum::Error> {
        let Some(reason) = self.shared.client.dropped() else {
            return self.sink.close().await;
        };
        let text = error_message(reason.code(), reason.message(), None);
        self.sink.send(Message::Text(text.into())).await?;
        let frame = CloseFrame { code: reason.close_code(), reason: reason.code().into() };
        self.sink.send(Message::Close(Some(frame))).await
    }

    /// Writes some of the account's events. Whether more may wait.
    async fn private(&mut self) -> Result<bool, Lost> {
        let (account, next) = {
            let feed = self.shared.feed.lock();
            let Some(account) = feed.account else { return Ok(false) };
            (account, feed.next())
        };
        let shared = self.shared.clone();
        let market = &shared.platform.market;
        match next {
            Next::Nothing => Ok(false),
            Next::Live(at) => {
                let Some(page) = market.private_page(account, at, None, PAGE) else {
                    let end = Position::end_of(market.ring_bounds().1);
                    shared.feed.lock().fell_behind(at, end);
                    shared.client.private_resumes();
                    return Ok(true);
                };
                self.tell(&page.events).await?;
                shared.feed.lock().told(at, page.next);
                shared.client.private_taken(page.events.len(), page.caught_up);
                Ok(!page.caught_up)
            }
            Next::Replay(replay) => {
                let Some(page) = self.page(account, &replay).await else { return Ok(false) };
                match page {
                    Ok(page) => self.replayed(replay, page).await?,
                    Err(why) => self.give_up(replay, why).await?,
                }
                Ok(true)
            }
        }
    }

    /// The next page of a replay, from memory or the database; `None`: it is being read,
    /// and the writer is woken when it is there. Everything else goes on meanwhile.
    async fn page(&mut self, account: AccountId, replay: &Replay) -> Option<Result<Page, String>> {
        let platform = &self.shared.platform;
        if let Some(page) =
            platform.market.private_page(account, replay.at, Some(replay.until), PAGE)
        {
            METRICS.replayed.with_label_values(&["memory"]).inc_by(page.events.len() as u64);
            return Some(Ok(page));
        }
        // One that was begun for channels left meanwhile is of no use.
        if self.reading.as_ref().is_some_and(|reading| reading.replay != *replay) {
            self.reading = None;
        }
        if let Some(reading) = &mut self.reading {
            if !reading.work.is_finished() {
                return None;
            }
            let done = (&mut reading.work).await;
            self.reading = None;
            return Some(match done {
                Ok((reader, page)) => {
                    self.reader = reader;
                    page
                }
                Err(_) => Err("reading the database failed".to_owned()),
            });
        }
        let (shared, replay) = (self.shared.clone(), replay.clone());
        let mut reader = std::mem::take(&mut self.reader);
        let begun = replay.clone();
        let work = tokio::spawn(async move {
            let page = reader.page(&shared.platform, account, &replay).await;
            // Woken a moment before the task counts as finished: look again shortly.
            let client = shared.client.clone();
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(1)).await;
                client.private_released(0);
            });
            (reader, page)
        });
        self.reading = Some(Reading { replay: begun, work });
        None
    }

    async fn tell(&mut self, events: &[PrivateEvent]) -> Result<u64, Lost> {
        let kinds = self.shared.feed.lock().kinds;
        let mut count = 0;
        for event in events.iter().filter(|event| kinds.has(event.kind())) {
            let Some(message) = messages::render(event, &self.shared.platform.live) else {
                continue;
            };
            count += 1;
            self.send(message.into()).await?;
        }
        Ok(count)
    }

    async fn replayed(&mut self, before: Replay, page: Page) -> Result<(), Lost> {
        let count = before.count + self.tell(&page.events).await?;
        if page.next < before.until {
            let after = Replay { at: page.next, count, ..before.clone() };
            self.shared.feed.lock().replayed(&before, Some(after));
            return Ok(());
        }
        self.reader = Reader::default();
        if before.asked {
            let message = Resumed {
                r#type: "resumed",
                count,
                seq: before.until.seq.0,
                id: before.id.as_ref(),
            };
            self.send(to_json(&message).into()).await?;
        }
        self.shared.feed.lock().replayed(&before, None);
        Ok(())
    }

    async fn give_up(&mut self, replay: Replay, why: String) -> Result<(), Lost> {
        self.reader = Reader::default();
        tracing::warn!(
            event = "stream.resume_unavailable",
            client.id = self.shared.client.id,
            seq = replay.at.seq.0,
            why
        );
        let (seq, resumed_from) = (replay.at.seq.0, replay.until.seq.0);
        let error = OpError::ResumeUnavailable { seq, resumed_from, why };
        METRICS.errors.with_label_values(&[error.code()]).inc();
        self.send(error.render(replay.id.as_ref()).into()).await?;
        self.shared.feed.lock().replayed(&replay, None);
        Ok(())
    }
}

enum Step {
    Feed(Message),
    Flush,
}

#[derive(Serialize)]
struct Resumed<'a> {
    r#type: &'static str,
    count: u64,
    seq: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a Value>,
}
