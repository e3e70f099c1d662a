//! Who is let in, and who says they act.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, FromRequest, FromRequestParts, Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use zaraba_engine::command::Provenance;
use zaraba_engine::types::Text;

use crate::auth::token::AdminToken;
use crate::clock;
use crate::intake::http::error::{ApiError, ApiResult, Code};
use crate::intake::http::extract::{NoParams, read_body};
use crate::intake::http::fields::{Given, required};
use crate::intake::http::layers::RequestId;
use crate::platform::Platform;

/// Lets requests with the token through; others are slowed down by address.
pub(super) async fn authenticated(
    State((platform, token)): State<(Platform, AdminToken)>,
    request: Request,
    next: Next,
) -> ApiResult<Response> {
    let given = request.headers().get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
    let given = given.and_then(|value| value.strip_prefix("Bearer "));
    if given.is_some_and(|given| token.is(given)) {
        return Ok(next.run(request).await);
    }
    if let Some(ConnectInfo(peer)) = request.extensions().get::<ConnectInfo<SocketAddr>>() {
        platform.keys.admit_public(peer.ip(), clock::now())?;
    }
    let message = "the admin API needs `Authorization: Bearer <token>`; the token is in the \
                   file named by http.admin_token_file";
    Err(ApiError::new(Code::Unauthorized, message))
}

/// A request that changes something: who asks, under which request id, with which body.
pub(super) struct Change {
    /// The whole body.
    pub(super) body: Bytes,
    actor: Text<40>,
    request: Text<40>,
}

impl FromRequest<Platform> for Change {
    type Rejection = ApiError;

    async fn from_request(request: Request, platform: &Platform) -> ApiResult<Change> {
        let (mut parts, body) = request.into_parts();
        NoParams::from_request_parts(&mut parts, platform).await?;
        let actor = parts.headers.get("x-actor");
        let actor = actor
            .and_then(|actor| std::str::from_utf8(actor.as_bytes()).ok())
            .filter(|actor| !actor.trim().is_empty() && !actor.chars().any(char::is_control))
            .and_then(Text::new)
            .ok_or_else(|| {
                let message = "a change names who makes it: X-Actor, 1 to 40 bytes";
                ApiError::new(Code::MissingField, message).field("x-actor")
            })?;
        let id = parts.extensions.get::<RequestId>().map_or("", |id| id.0.as_str());
        let request = Text::new(id).unwrap_or_default();
        let body = read_body(&parts.headers, body, platform).await?;
        tracing::info!(event = "admin.requested", actor = actor.as_str(), request.id = id,
            http.method = %parts.method, http.path = parts.uri.path());
        Ok(Change { body, actor, request })
    }
}

impl Change {
    /// Who asks.
    pub(super) fn actor(&self) -> &str {
        self.actor.as_str()
    }

    /// Who and why, for the journal.
    ///
    /// # Errors
    /// When the reason is missing, empty or longer than 120 bytes.
    pub(super) fn because(&self, reason: &Option<Given<'_>>) -> ApiResult<Box<Provenance>> {
        let text = required(reason, "reason")?.text("reason")?;
        let reason = Some(text).filter(|text| !text.trim().is_empty()).and_then(Text::new);
        let reason = reason.ok_or_else(|| {
            ApiError::new(Code::InvalidValue, "reason has 1 to 120 bytes").field("reason")
        })?;
        Ok(Box::new(Provenance { actor: self.actor, request: self.request, reason }))
    }

    /// Notes why, for commands whose journal record has no room for it.
    ///
    /// # Errors
    /// As [`Change::because`].
    pub(super) fn note(&self, what: &str, reason: &Option<Given<'_>>) -> ApiResult<()> {
        let by = self.because(reason)?;
        tracing::info!(
            event = "admin.changed",
            what,
            actor = by.actor.as_str(),
            request.id = by.request.as_str(),
            reason = by.reason.as_str()
        );
        Ok(())
    }
}
