//! One connection from handshake to close: reads operations, answers them, and ends the
//! connection when the client, the clocks or a bound say so. Writing is [`super::writer`]'s.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use axum::extract::ws::{Message, WebSocket};
use futures_util::StreamExt;
use parking_lot::Mutex;
use serde::Serialize;
use serde_json::Value;
use tokio_tungstenite::tungstenite;

use super::feed::Feed;
use super::ops::{self, Op, OpError, SUBSCRIPTIONS_MAX};
use super::{Clocks, MESSAGE_BYTES, writer};
use crate::auth::{Principal, Scope, SignedParts};
use crate::clock;
use crate::market::Market;
use crate::market::board::ChannelError;
use crate::market::client::{Channel, Client, Drop as DropReason};
use crate::market::metrics::METRICS;
use crate::market::private::{Kinds, Position};
use crate::market::shapes::to_json;
use crate::platform::Platform;
use zaraba_engine::types::{AccountId, Seq};

/// Refused messages within [`ERRORS_PER`] after which the connection is closed.
const ERRORS_MAX: u32 = 50;
const ERRORS_PER: Duration = Duration::from_secs(60);

/// A client's place among the connected ones; given back when dropped, whatever happens.
pub struct Place {
    market: Arc<Market>,
    client: Arc<Client>,
    channels: HashSet<Channel>,
    owns: Option<AccountId>,
}

impl Place {
    pub fn new(market: Arc<Market>, client: Arc<Client>) -> Place {
        Place { market, client, channels: HashSet::new(), owns: None }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.market.disconnect(&self.client, self.channels.iter().copied(), self.owns);
    }
}

/// What reading and writing share.
pub struct Shared {
    pub platform: Platform,
    pub client: Arc<Client>,
    pub feed: Mutex<Feed>,
    pub principal: OnceLock<Principal>,
}

/// Runs a connection to its end.
pub async fn run(platform: Platform, socket: WebSocket, place: Place, address: Option<IpAddr>) {
    let settings = &platform.config.stream;
    let clocks = Clocks {
        ping: Duration::from_secs(settings.ping_seconds),
        idle: Duration::from_secs(settings.idle_seconds),
        write: Duration::from_secs(settings.write_seconds),
    };
    let operations = settings.operations_per_second.max(1);
    let client = place.client.clone();
    let (sink, mut frames) = socket.split();
    let shared = Arc::new(Shared {
        platform,
        client: client.clone(),
        feed: Mutex::default(),
        principal: OnceLock::new(),
    });
    let mut writer = tokio::spawn(writer::run(shared.clone(), sink, clocks));
    let mut session = Session {
        shared,
        place,
        address,
        budget: Budget { per_second: operations, left: f64::from(operations), at: Instant::now() },
        errors: 0,
        errors_since: Instant::now(),
    };
    loop {
        let frame = tokio::select! {
            biased;
            _ = &mut writer => break,
            frame = tokio::time::timeout(clocks.idle, frames.next()) => frame,
        };
        match frame {
            Err(_) => client.drop_for(DropReason::Idle),
            Ok(Some(Ok(Message::Text(text)))) => session.text(&text),
            Ok(Some(Ok(Message::Binary(_)))) => session.refuse(None, &OpError::BinaryMessage),
            Ok(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => {}
            Ok(Some(Ok(Message::Close(_))) | None) => client.leave(),
            Ok(Some(Err(error))) => match reason(error) {
                Some(reason) => client.drop_for(reason),
                None => client.leave(),
            },
        }
        if client.is_gone() {
            // It says goodbye; its own clock bounds that.
            let _ = writer.await;
            break;
        }
    }
    drop(session);
    // Closing with something unread would reset the connection, and the reset would overtake
    // the reason on its way to the client.
    let rest = async { while let Some(Ok(_)) = frames.next().await {} };
    let _ = tokio::time::timeout(writer::FAREWELL, rest).await;
}

/// Which bound a transport error is about; `None`: the connection is just broken.
fn reason(error: axum::Error) -> Option<DropReason> {
    match *error.into_inner().downcast::<tungstenite::Error>().ok()? {
        tungstenite::Error::Capacity(_) => Some(DropReason::MessageTooLarge),
        tungstenite::Error::Utf8(_) => Some(DropReason::InvalidUtf8),
        _ => None,
    }
}

/// Operations per second, with a burst of one second.
struct Budget {
    per_second: u32,
    left: f64,
    at: Instant,
}

impl Budget {
    fn spend(&mut self) -> bool {
        let rate = f64::from(self.per_second);
        let now = Instant::now();
        self.left = (self.left + (now - self.at).as_secs_f64() * rate).min(rate);
        self.at = now;
        let enough = self.left >= 1.0;
        if enough {
            self.left -= 1.0;
        }
        enough
    }
}

struct Session {
    shared: Arc<Shared>,
    place: Place,
    address: Option<IpAddr>,
    budget: Budget,
    errors: u32,
    errors_since: Instant,
}

#[derive(Serialize)]
struct Answer<'a> {
    r#type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    channels: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    seq: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a Value>,
}

impl Session {
    fn text(&mut self, text: &str) {
        if text.len() > MESSAGE_BYTES {
            return self.refuse(None, &OpError::MessageTooLarge);
        }
        if !self.budget.spend() {
            return self.refuse(None, &OpError::RateLimited(self.budget.per_second));
        }
        match ops::read(text) {
            Ok(request) => {
                let id = request.id;
                if let Err(error) = self.perform(request.op, id.as_ref()) {
                    self.refuse(id.as_ref(), &error);
                }
            }
            Err((id, error)) => self.refuse(id.as_ref(), &error),
        }
    }

    fn refuse(&mut self, id: Option<&Value>, error: &OpError) {
        METRICS.errors.with_label_values(&[error.code()]).inc();
        if self.errors_since.elapsed() > ERRORS_PER {
            (self.errors, self.errors_since) = (0, Instant::now());
        }
        self.errors += 1;
        self.shared.client.send(error.render(id).into());
        if self.errors > ERRORS_MAX {
            self.shared.client.drop_for(DropReason::TooManyErrors);
        }
    }

    fn answer(&self, answer: &Answer<'_>) {
        self.shared.client.send(to_json(answer).into());
    }

    fn seq(&self) -> u64 {
        self.shared.platform.market.seq().0
    }

    fn perform(&mut self, op: Op, id: Option<&Value>) -> Result<(), OpError> {
        match op {
            Op::Subscribe(given) => self.subscribe(&given.channels, id),
            Op::Unsubscribe(given) => self.unsubscribe(&given.channels, id),
            Op::Auth(auth) => self.auth(&auth, id),
            Op::Resume(resume) => self.resume(resume, id),
            Op::Ping => {
                let time = Some(crate::market::text::time(clock::now()));
                let seq = self.seq();
                self.answer(&Answer {
                    r#type: "pong",
                    channels: None,
                    account: None,
                    time,
                    seq,
                    id,
                });
                Ok(())
            }
        }
    }

    /// What the names mean: public channels and private kinds.
    fn channels(&self, names: &[String]) -> Result<(Vec<Channel>, Kinds), OpError> {
        let (mut public, mut private) = (Vec::new(), Kinds::NONE);
        for name in names {
            let short = || name.chars().take(64).collect();
            match name.as_str() {
                "orders" => private = private.with(Kinds::ORDERS),
                "fills" => private = private.with(Kinds::FILLS),
                "balances" => private = private.with(Kinds::BALANCES),
                _ => match self.place.market.channel(name) {
                    Ok(channel) => public.push(channel),
                    Err(ChannelError::Channel) => return Err(OpError::UnknownChannel(short())),
                    Err(ChannelError::Instrument) => {
                        return Err(OpError::UnknownInstrument(short()));
                    }
                },
            }
        }
        Ok((public, private))
    }

    fn account(&self) -> Result<AccountId, OpError> {
        self.shared
            .principal
            .get()
            .map(|principal| principal.account)
            .ok_or(OpError::NotAuthenticated)
    }

    fn subscribe(&mut self, names: &[String], id: Option<&Value>) -> Result<(), OpError> {
        let (public, private) = self.channels(names)?;
        if !private.is_empty() {
            self.account()?;
        }
        let mut all = self.place.channels.clone();
        all.extend(&public);
        let kinds = self.shared.feed.lock().kinds.with(private);
        if all.len() + kinds.count() > SUBSCRIPTIONS_MAX {
            return Err(OpError::TooManySubscriptions);
        }
        // Queued first, so that it comes before what the channels bring.
        self.confirm("subscribed", names, id);
        for channel in public {
            if self.place.channels.insert(channel) {
                self.place.market.subscribe(&self.shared.client, channel);
            }
        }
        self.add_private(private)
    }

    fn add_private(&mut self, kinds: Kinds) -> Result<(), OpError> {
        if kinds.is_empty() {
            return Ok(());
        }
        let account = self.account()?;
        let (market, client) = (self.place.market.clone(), self.shared.client.clone());
        let mut feed = self.shared.feed.lock();
        feed.account = Some(account);
        if feed.subscribe(kinds, || market.own(&client, account)) {
            self.place.owns = Some(account);
        }
        drop(feed);
        // The writer may be asleep with the old state of things.
        client.private_released(0);
        Ok(())
    }

    fn unsubscribe(&mut self, names: &[String], id: Option<&Value>) -> Result<(), OpError> {
        let (public, private) = self.channels(names)?;
        let kinds = self.shared.feed.lock().kinds;
        if !kinds.has(private) {
            return Err(OpError::NotSubscribed("a private channel of these".to_owned()));
        }
        if public.iter().any(|channel| !self.place.channels.contains(channel)) {
            return Err(OpError::NotSubscribed("a channel of these".to_owned()));
        }
        for channel in public {
            self.place.channels.remove(&channel);
            self.place.market.unsubscribe(&self.shared.client, channel);
        }
        if self.shared.feed.lock().unsubscribe(private)
            && let Some(account) = self.place.owns.take()
        {
            self.place.market.disown(&self.shared.client, account);
        }
        self.confirm("unsubscribed", names, id);
        Ok(())
    }

    fn confirm(&self, kind: &str, names: &[String], id: Option<&Value>) {
        let seq = self.seq();
        let channels = Some(names);
        self.answer(&Answer { r#type: kind, channels, account: None, time: None, seq, id });
    }

    fn auth(&mut self, auth: &ops::Auth, id: Option<&Value>) -> Result<(), OpError> {
        if self.shared.principal.get().is_some() {
            return Err(OpError::AlreadyAuthenticated);
        }
        let request_time = auth.request_time.to_string();
        let parts = SignedParts {
            api_key: &auth.api_key,
            request_time: &request_time,
            signature: &auth.signature,
            method: "GET",
            path: "/v1/stream",
            body: b"",
        };
        let keys = &self.shared.platform.keys;
        let principal =
            keys.verify(&parts, Scope::Read, self.address, clock::now()).map_err(OpError::Auth)?;
        let code = principal.key.account_code.clone();
        // Only this task sets it, and it was empty above.
        let _ = self.shared.principal.set(principal);
        self.answer(&Answer {
            r#type: "authenticated",
            channels: None,
            account: Some(&code),
            time: None,
            seq: self.seq(),
            id,
        });
        Ok(())
    }

    fn resume(&mut self, resume: ops::Resume, id: Option<&Value>) -> Result<(), OpError> {
        self.account()?;
        let end = self.place.market.ring_bounds().1;
        if resume.seq > end.0 {
            return Err(OpError::SeqAhead(end.0));
        }
        if let Some(names) = &resume.channels {
            let (public, private) = self.channels(names)?;
            if !public.is_empty() || private.is_empty() {
                let why = "resume: `channels` may only name orders, fills, balances";
                return Err(OpError::InvalidRequest(why.to_owned()));
            }
            self.confirm("subscribed", names, id);
            self.add_private(private)?;
        }
        let from = match resume.ordinal {
            Some(ordinal) => Position { seq: Seq(resume.seq), ordinal },
            None => Position::end_of(Seq(resume.seq)),
        };
        self.shared.feed.lock().resume(from, end, id.cloned())?;
        self.shared.client.private_resumes();
        Ok(())
    }
}
