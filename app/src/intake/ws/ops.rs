//! What a stream client may say, how it is read, and every error it can be told. Pure.

use std::collections::HashSet;
use std::fmt;

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::auth::AuthError;
use crate::market::shapes::to_json;

/// Most channels in one operation and per connection.
pub const SUBSCRIPTIONS_MAX: usize = 500;
/// Most characters of the client's own `id` of an operation.
const ID_LENGTH: usize = 64;

/// An operation, read and checked for form.
#[derive(Debug, PartialEq, Eq)]
pub struct Request {
    /// The client's own id, told back in the answer.
    pub id: Option<Value>,
    /// What it wants.
    pub op: Op,
}

/// Operations.
#[derive(Debug, PartialEq, Eq)]
pub enum Op {
    /// `subscribe`.
    Subscribe(Channels),
    /// `unsubscribe`.
    Unsubscribe(Channels),
    /// `auth`.
    Auth(Auth),
    /// `resume`.
    Resume(Resume),
    /// `ping`.
    Ping,
}

/// Content of `subscribe` and `unsubscribe`.
#[derive(Deserialize, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Channels {
    /// Names of channels.
    pub channels: Vec<String>,
}

/// Content of `auth`.
#[derive(Deserialize, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// Public name of the key.
    pub api_key: String,
    /// Milliseconds since the epoch, as signed.
    pub request_time: Text,
    /// Lowercase hex.
    pub signature: String,
}

/// A number or the same as text.
#[derive(Deserialize, Debug, PartialEq, Eq)]
#[serde(untagged)]
pub enum Text {
    /// `1795240000000`.
    Number(u64),
    /// `"1795240000000"`.
    Text(String),
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Text::Number(number) => number.fmt(f),
            Text::Text(text) => text.fmt(f),
        }
    }
}

/// Content of `resume`.
#[derive(Deserialize, Debug, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Resume {
    /// Sequence of the last private event the client has.
    pub seq: u64,
    /// Its ordinal; without it everything of `seq` counts as had.
    #[serde(default)]
    pub ordinal: Option<u32>,
    /// Private channels to subscribe to at that very point.
    #[serde(default)]
    pub channels: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// Why an operation was refused. The connection stays usable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpError {
    /// Not JSON.
    #[error("the message is not JSON: {0}")]
    InvalidJson(String),
    /// A binary message.
    #[error("messages must be text; this one was binary")]
    BinaryMessage,
    /// A message above the bound.
    #[error("the message is larger than {} bytes", super::MESSAGE_BYTES)]
    MessageTooLarge,
    /// Not an object with the right members.
    #[error("{0}")]
    InvalidRequest(String),
    /// A member of the message came more than once.
    #[error("the member {0:?} is given twice")]
    DuplicateField(String),
    /// No such operation.
    #[error("there is no operation {0:?}; known: subscribe, unsubscribe, auth, resume, ping")]
    UnknownOp(String),
    /// No such channel.
    #[error(
        "there is no channel {0:?}; known: depth:SYMBOL, trades:SYMBOL, ticker:SYMBOL, \
         candles:SYMBOL:1m (or 5m, 1h, 1d), phase:SYMBOL, auction:SYMBOL, orders, \
         fills, balances"
    )]
    UnknownChannel(String),
    /// No such instrument.
    #[error("there is no instrument for the channel {0:?}; GET /v1/instruments lists them")]
    UnknownInstrument(String),
    /// A private channel or `resume` before `auth`.
    #[error("this needs `auth` first")]
    NotAuthenticated,
    /// A second `auth`.
    #[error("this connection is authenticated already; open another one for another key")]
    AlreadyAuthenticated,
    /// Too many channels.
    #[error("one connection may have {SUBSCRIPTIONS_MAX} channels; nothing was subscribed")]
    TooManySubscriptions,
    /// `unsubscribe` of a channel, or `resume` without any private one.
    #[error("not subscribed to {0}")]
    NotSubscribed(String),
    /// A `resume` from before an unfinished one.
    #[error("a resume is going on; wait for its `resumed` message")]
    ResumeInProgress,
    /// A `resume` from a sequence that does not exist yet.
    #[error("the sequence is ahead of the platform's {0}; is this the right platform?")]
    SeqAhead(u64),
    /// The missed events are in neither memory nor database now.
    #[error(
        "the private events after {seq} cannot be replayed now ({why}); events after \
         {resumed_from} follow as usual: fetch orders, fills and balances by REST"
    )]
    ResumeUnavailable {
        /// Where the gap begins.
        seq: u64,
        /// Where it ends.
        resumed_from: u64,
        /// What is in the way.
        why: String,
    },
    /// Too many operations.
    #[error("more than {0} operations per second; slow down")]
    RateLimited(u32),
    /// The key or signature was not accepted.
    #[error("{0}")]
    Auth(AuthError),
}

impl OpError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            OpError::InvalidJson(_) => "invalid_json",
            OpError::BinaryMessage => "binary_message",
            OpError::MessageTooLarge => "message_too_large",
            OpError::InvalidRequest(_) => "invalid_request",
            OpError::DuplicateField(_) => "duplicate_field",
            OpError::UnknownOp(_) => "unknown_op",
            OpError::UnknownChannel(_) => "unknown_channel",
            OpError::UnknownInstrument(_) => "unknown_instrument",
            OpError::NotAuthenticated => "not_authenticated",
            OpError::AlreadyAuthenticated => "already_authenticated",
            OpError::TooManySubscriptions => "too_many_subscriptions",
            OpError::NotSubscribed(_) => "not_subscribed",
            OpError::ResumeInProgress => "resume_in_progress",
            OpError::SeqAhead(_) => "seq_ahead",
            OpError::ResumeUnavailable { .. } => "resume_unavailable",
            OpError::RateLimited(_) => "rate_limited",
            OpError::Auth(error) => error.code(),
        }
    }

    /// The `error` message.
    pub fn render(&self, id: Option<&Value>) -> String {
        error_message(self.code(), &self.to_string(), id)
    }
}

/// An `error` message.
pub fn error_message(code: &str, message: &str, id: Option<&Value>) -> String {
    #[derive(serde::Serialize)]
    struct Message<'a> {
        r#type: &'a str,
        code: &'a str,
        message: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a Value>,
    }
    to_json(&Message { r#type: "error", code, message, id })
}

/// Reads a message. An error comes with the client's id where that could be read.
///
/// # Errors
/// What is wrong with its form.
pub fn read(text: &str) -> Result<Request, (Option<Value>, OpError)> {
    let value: Value = serde_json::from_str(text)
        .map_err(|error| (None, OpError::InvalidJson(error.to_string())))?;
    let invalid = |why: &str| OpError::InvalidRequest(why.to_owned());
    let Value::Object(mut members) = value else {
        return Err((None, invalid("the message must be a JSON object with the member `op`")));
    };
    let repeated = repeated(text);
    if repeated.as_deref() == Some("id") {
        return Err((None, OpError::DuplicateField("id".to_owned())));
    }
    let id = members.remove("id");
    match &id {
        None | Some(Value::Null | Value::Number(_)) => {}
        Some(Value::String(text)) if text.chars().count() <= ID_LENGTH => {}
        Some(_) => {
            let why = "`id` must be a number or a string of at most 64 characters";
            return Err((None, invalid(why)));
        }
    }
    if let Some(name) = repeated {
        return Err((id, OpError::DuplicateField(name.chars().take(ID_LENGTH).collect())));
    }
    let op = match members.remove("op") {
        Some(Value::String(op)) => op,
        Some(_) => return Err((id, invalid("`op` must be a string"))),
        None => return Err((id, invalid("the member `op` is missing"))),
    };
    match content(&op, members) {
        Ok(op) => Ok(Request { id, op }),
        Err(error) => Err((id, error)),
    }
}

/// The first member of an object that is given again; a map of values keeps only the last.
/// Objects further inside belong to no operation and are refused for that.
fn repeated(object: &str) -> Option<String> {
    struct Names;
    impl<'de> Visitor<'de> for Names {
        type Value = Option<String>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let (mut seen, mut again) = (HashSet::new(), None);
            while let Some((name, _)) = map.next_entry::<String, IgnoredAny>()? {
                if again.is_none()
                    && let Some(name) = seen.replace(name)
                {
                    again = Some(name);
                }
            }
            Ok(again)
        }
    }
    // The text was read as JSON before.
    serde_json::Deserializer::from_str(object).deserialize_map(Names).unwrap_or_default()
}

fn content(op: &str, members: Map<String, Value>) -> Result<Op, OpError> {
    fn as_is<T: serde::de::DeserializeOwned>(
        op: &str,
        members: Map<String, Value>,
    ) -> Result<T, OpError> {
        serde_json::from_value(Value::Object(members))
            .map_err(|error| OpError::InvalidRequest(format!("{op}: {error}")))
    }
    let op = match op {
        "subscribe" => Op::Subscribe(checked(as_is(op, members)?)?),
        "unsubscribe" => Op::Unsubscribe(checked(as_is(op, members)?)?),
        "auth" => Op::Auth(as_is(op, members)?),
        "resume" => {
            let mut resume: Resume = as_is(op, members)?;
            if let Some(names) = &mut resume.channels {
                once(names);
            }
            Op::Resume(resume)
        }
        "ping" => as_is::<Nothing>(op, members).map(|_| Op::Ping)?,
        other => return Err(OpError::UnknownOp(other.chars().take(32).collect())),
    };
    Ok(op)
}

/// Leaves each name once, where it was first.
fn once(names: &mut Vec<String>) {
    let mut seen = HashSet::new();
    names.retain(|name| seen.insert(name.clone()));
}

fn checked(mut channels: Channels) -> Result<Channels, OpError> {
    match channels.channels.len() {
        0 => Err(OpError::InvalidRequest("`channels` is empty".to_owned())),
        count if count > SUBSCRIPTIONS_MAX => Err(OpError::TooManySubscriptions),
        _ => {
            once(&mut channels.channels);
            Ok(channels)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> &'static str {
        read(text).unwrap_err().1.code()
    }

    #[test]
    fn forms_are_checked() {
        assert_eq!(code("{"), "invalid_json");
        assert_eq!(code("[]"), "invalid_request");
        assert_eq!(code("{}"), "invalid_request");
        assert_eq!(code(r#"{"op":1}"#), "invalid_request");
        assert_eq!(code(r#"{"op":"buy"}"#), "unknown_op");
        assert_eq!(code(r#"{"op":"subscribe"}"#), "invalid_request");
        assert_eq!(code(r#"{"op":"subscribe","channels":[]}"#), "invalid_request");
        assert_eq!(code(r#"{"op":"subscribe","channels":["a"],"x":1}"#), "invalid_request");
        assert_eq!(code(r#"{"op":"ping","x":1}"#), "invalid_request");
        assert_eq!(code(r#"{"op":"resume","seq":-1}"#), "invalid_request");
        assert_eq!(code(r#"{"op":"ping","id":{}}"#), "invalid_request");
        assert_eq!(code(r#"{"op":"ping","op":"ping"}"#), "duplicate_field");
        assert_eq!(code(r#"{"op":"ping","\u006fp":"ping"}"#), "duplicate_field");
        assert_eq!(code(r#"{"op":"buy","x":1,"x":1}"#), "duplicate_field");
    }

    #[test]
    fn the_documentation_has_every_code() {
        use crate::market::client::Drop;
        let page = include_str!("../../../../docs/API-STREAM.md");
        let text = String::new;
        let errors = [
            OpError::InvalidJson(text()),
            OpError::BinaryMessage,
            OpError::MessageTooLarge,
            OpError::InvalidRequest(text()),
            OpError::DuplicateField(text()),
            OpError::UnknownOp(text()),
            OpError::UnknownChannel(text()),
            OpError::UnknownInstrument(text()),
            OpError::NotAuthenticated,
            OpError::AlreadyAuthenticated,
            OpError::TooManySubscriptions,
            OpError::NotSubscribed(text()),
            OpError::ResumeInProgress,
            OpError::SeqAhead(0),
            OpError::ResumeUnavailable { seq: 0, resumed_from: 0, why: text() },
            OpError::RateLimited(0),
        ];
        for code in errors.iter().map(OpError::code) {
            assert!(page.contains(&format!("| `{code}` | ")), "{code}");
        }
        for drop in Drop::ALL {
            let row = format!("| `{}` | {} | ", drop.code(), drop.close_code());
            assert!(page.contains(&row), "{row}");
        }
    }

    #[test]
    fn the_id_comes_back() {
        let (id, error) = read(r#"{"op":"nonsense","id":7}"#).unwrap_err();
        assert_eq!(
            serde_json::from_str::<Value>(&error.render(id.as_ref())).unwrap()["id"],
            Value::from(7)
        );
        let (id, error) = read(r#"{"op":"ping","id":7,"op":"ping"}"#).unwrap_err();
        assert_eq!((id, error.code()), (Some(7.into()), "duplicate_field"));
        // Which of two ids is meant cannot be known.
        let (id, error) = read(r#"{"op":"ping","id":7,"id":8}"#).unwrap_err();
        assert_eq!((id, error.code()), (None, "duplicate_field"));
        let request = read(r#"{"op":"ping","id":"a"}"#).unwrap();
        assert_eq!(request, Request { id: Some("a".into()), op: Op::Ping });
    }

    #[test]
    fn request_times_may_be_numbers_or_text() {
        for time in ["1", "\"1\""] {
            let text =
                format!(r#"{{"op":"auth","api_key":"k","request_time":{time},"signature":"00"}}"#);
            let Op::Auth(auth) = read(&text).unwrap().op else { panic!("auth") };
            assert_eq!(auth.request_time.to_string(), "1");
        }
    }
}
