//! Who is let in, and who says they act.

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::{ConnectInfo, FromRequest, FromRequestParts, Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use futures_util::StreamExt;
use zaraba_engine::command::Provenance;
use zaraba_engine::types::Text;
use zeroize::Zeroizing;

use crate::auth::token::{AdminTokens, Client, Refused};
use crate::clock;
use crate::intake::http::error::{ApiError, ApiResult, Code};
use crate::intake::http::extract::{NoParams, read_body};
use crate::intake::http::fields::{Given, required};
use crate::platform::Platform;

/// Lets requests with a token through; others are slowed down by address.
pub(super) async fn authenticated(
    State((platform, tokens)): State<(Platform, AdminTokens)>,
    mut request: Request,
    next: Next,
) -> ApiResult<Response> {
    let given = request.headers().get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
    let given = given.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    let client = match tokens.check(given) {
        Ok(client) => client,
        Err(_) => {
            let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0);
            if let Some(peer) = peer {
                platform.keys.admit_public(peer.ip(), clock::now())?;
            }
            let given = Zeroizing::new(given.to_owned());
            tokens.check_anew(&given).await.map_err(|why| refused(&why, peer))?
        }
    };
    tokens.count(&client);
    request.extensions_mut().insert(client.clone());
    Ok(while_valid(next.run(request).await, tokens, client))
}

/// Why a caller is not let in, and what to do; also in the log.
fn refused(why: &Refused, peer: Option<SocketAddr>) -> ApiError {
    let peer = peer.map(|peer| peer.to_string()).unwrap_or_default();
    match why {
        Refused::Unknown => {
            tracing::warn!(event = "admin.refused", peer, why = "unknown_token");
            let message = "the admin API needs `Authorization: Bearer <token>`; the tokens are in \
                           the file named by http.admin_token_file";
            ApiError::new(Code::Unauthorized, message)
        }
        Refused::Ended { name, until } => {
            tracing::warn!(event = "admin.refused", peer, why = "token_ended", client = &**name);
            let message = format!(
                "the admin token {name} ended at {until}; `zaraba admin-token new` makes another: \
                 its line goes into http.admin_token_file and into the caller's file, nothing has \
                 to be started again"
            );
            ApiError::new(Code::TokenExpired, message)
        }
    }
}

/// Ends a stream of events with the token that it was opened with.
fn while_valid(response: Response, tokens: AdminTokens, client: Client) -> Response {
    let kind = response.headers().get(header::CONTENT_TYPE);
    if kind.is_none_or(|kind| !kind.as_bytes().starts_with(b"text/event-stream")) {
        return response;
    }
    let gone = async move { tokens.gone(client).await };
    response.map(|body| Body::from_stream(body.into_data_stream().take_until(gone)))
}

/// A request that changes something: who asks, under which request id, with which body.
pub(super) struct Change {
    /// The whole body.
    pub(super) body: Bytes,
    actor: Text<64>,
    approver: Text<64>,
    request: Text<64>,
}

/// Who asked, who agreed, and the request's id: what every change names.
pub(super) struct Named {
    pub(super) actor: Text<64>,
    pub(super) approver: Text<64>,
    pub(super) request: Text<64>,
}

/// A header of a change, as UTF-8 without control characters; empty when it is not there.
fn named(headers: &HeaderMap, name: &'static str) -> ApiResult<Text<64>> {
    let Some(value) = headers.get(name) else { return Ok(Text::EMPTY) };
    let text = std::str::from_utf8(value.as_bytes()).ok().map(str::trim);
    let text = text.filter(|text| !text.chars().any(char::is_control)).and_then(Text::new);
    text.ok_or_else(|| {
        let message = "a name of at most 64 bytes of UTF-8 without control characters";
        ApiError::new(Code::InvalidValue, message).field(name)
    })
}

impl Named {
    /// Reads the headers of a change.
    ///
    /// # Errors
    /// `missing_field`, `invalid_value`, `same_person`.
    pub(super) fn of(headers: &HeaderMap) -> ApiResult<Named> {
        let missing = |name: &'static str, message: &'static str| {
            ApiError::new(Code::MissingField, message).field(name)
        };
        let actor = named(headers, "x-actor")?;
        if actor.is_empty() {
            return Err(missing("x-actor", "a change names who makes it: X-Actor, 1 to 64 bytes"));
        }
        let approver = named(headers, "x-approver")?;
        if approver == actor {
            let error = ApiError::plain(Code::SamePerson);
            return Err(error.field("x-approver"));
        }
        let request = named(headers, "x-request-id")?;
        if request.is_empty() {
            let message = "a change has an id: X-Request-Id, 1 to 64 printable characters";
            return Err(missing("x-request-id", message));
        }
        if !request.as_bytes().iter().all(u8::is_ascii_graphic) {
            let message = "X-Request-Id has 1 to 64 printable ASCII characters";
            return Err(ApiError::new(Code::InvalidValue, message).field("x-request-id"));
        }
        Ok(Named { actor, approver, request })
    }
}

/// The whole body of a request that only asks and so names nobody.
pub(super) struct Question(pub(super) Bytes);

impl FromRequest<Platform> for Question {
    type Rejection = ApiError;

    async fn from_request(request: Request, platform: &Platform) -> ApiResult<Question> {
        let (mut parts, body) = request.into_parts();
        NoParams::from_request_parts(&mut parts, platform).await?;
        Ok(Question(read_body(&parts.headers, body, platform).await?))
    }
}

impl FromRequest<Platform> for Change {
    type Rejection = ApiError;

    async fn from_request(request: Request, platform: &Platform) -> ApiResult<Change> {
        let (mut parts, body) = request.into_parts();
        NoParams::from_request_parts(&mut parts, platform).await?;
        let Named { actor, approver, request } = Named::of(&parts.headers)?;
        let body = read_body(&parts.headers, body, platform).await?;
        let client = parts.extensions.get::<Client>().map_or("", |client| &client.name);
        tracing::info!(
            event = "admin.requested",
            client,
            actor = actor.as_str(),
            approver = approver.as_str(),
            request.id = request.as_str(),
            http.method = %parts.method,
            http.path = parts.uri.path()
        );
        Ok(Change { body, actor, approver, request })
    }
}

impl Change {
    /// Who asks.
    pub(super) fn actor(&self) -> &str {
        self.actor.as_str()
    }

    /// Under which request.
    pub(super) fn request(&self) -> &str {
        self.request.as_str()
    }

    /// Who and why, for the journal.
    ///
    /// # Errors
    /// When the reason is missing, blank, longer than 255 bytes or has control characters.
    pub(super) fn because(&self, reason: &Option<Given<'_>>) -> ApiResult<Box<Provenance>> {
        let text = required(reason, "reason")?.text("reason")?;
        let sound = |text: &&str| !text.trim().is_empty() && !text.chars().any(char::is_control);
        let reason = Some(text).filter(sound).and_then(Text::new).ok_or_else(|| {
            let message = "reason has 1 to 255 bytes of UTF-8, not blank, no control characters";
            ApiError::new(Code::InvalidValue, message).field("reason")
        })?;
        let Change { actor, approver, request, .. } = *self;
        Ok(Box::new(Provenance { actor, approver, request, reason }))
    }
}
