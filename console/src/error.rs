//! The one place that turns failures into pages. Handlers return `Failure`; the outermost
//! middleware renders it in the reader's language, because only it knows the reader.

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use jiff::SignedDuration;

use crate::i18n::M;
use crate::often::Cost;
use crate::view::View;

/// What of a form that nobody was signed in for is given back to its reader.
#[derive(Clone, Debug, Default)]
pub struct Sent {
    /// The page of ours to go on with after signing in.
    pub next: String,
    /// The reason that was typed.
    pub reason: String,
}

/// Why a page cannot be shown.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Failure {
    /// No such object or address.
    #[error("not found")]
    NotFound,
    /// A form came without a session, or after its end.
    #[error("signed out")]
    SignedOut(Sent),
    /// Signed in, but the roles do not include it.
    #[error("not allowed")]
    Forbidden,
    /// A form without its token, or from another site.
    #[error("form refused: cross-site or without its token")]
    CrossSite,
    /// The address or the form has an impossible value: which.
    #[error("bad request: {0}")]
    BadRequest(String),
    /// The request did not arrive whole within so many seconds.
    #[error("the request did not arrive whole within {0} s")]
    HalfSent(u64),
    /// The body is larger than so many bytes.
    #[error("the request is larger than {0} bytes")]
    TooLarge(usize),
    /// No answer was ready within so many seconds.
    #[error("no answer within {0} s")]
    Late(u64),
    /// Too many live connections.
    #[error("too many live connections")]
    Busy,
    /// A person asked for so much of this that they have to wait, for so many seconds.
    #[error("asked for too often ({0:?}); to be tried again in {1} s")]
    TooOften(Cost, u64),
    /// The backend does not answer: what was tried and what came back.
    #[error("backend: {0}")]
    Backend(String),
    /// The database does not answer.
    #[error("database: {0}")]
    Database(String),
    /// A query ran into its time limit.
    #[error("query cancelled by its time limit")]
    TooSlow,
    /// Anything else; details go to the log only.
    #[error("internal: {0}")]
    Internal(String),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Failure {
        match &error {
            // query_canceled: the statement timeout.
            sqlx::Error::Database(e) if e.code().as_deref() == Some("57014") => Failure::TooSlow,
            // Shutting down, starting up, too many connections: the database is there but away.
            sqlx::Error::Database(e)
                if e.code().is_some_and(|c| c.starts_with("57P") || c.starts_with("53")) =>
            {
                Failure::Database(error.to_string())
            }
            sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => {
                Failure::Database(error.to_string())
            }
            sqlx::Error::Tls(_) | sqlx::Error::Configuration(_) => {
                Failure::Database(error.to_string())
            }
            _ => Failure::Internal(format!("query failed: {error}")),
        }
    }
}

impl From<askama::Error> for Failure {
    fn from(error: askama::Error) -> Failure {
        Failure::Internal(format!("template failed: {error}"))
    }
}

impl Failure {
    /// Its HTTP status.
    pub fn status(&self) -> StatusCode {
        match self {
            Failure::NotFound => StatusCode::NOT_FOUND,
            Failure::SignedOut(_) => StatusCode::UNAUTHORIZED,
            Failure::Forbidden | Failure::CrossSite => StatusCode::FORBIDDEN,
            Failure::BadRequest(_) => StatusCode::BAD_REQUEST,
            Failure::HalfSent(_) => StatusCode::REQUEST_TIMEOUT,
            Failure::TooOften(..) => StatusCode::TOO_MANY_REQUESTS,
            Failure::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Failure::Busy | Failure::Database(_) | Failure::TooSlow | Failure::Late(_) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Failure::Backend(_) => StatusCode::BAD_GATEWAY,
            Failure::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn texts(&self, view: &View, request_id: &str, query_seconds: u64) -> (&'static str, String) {
        let t = |m| view.t(m);
        match self {
            Failure::NotFound => (t(M::NotFoundTitle), t(M::NotFoundText).into()),
            Failure::SignedOut(_) => (t(M::SignedOutTitle), t(M::SignedOutText).into()),
            Failure::Forbidden => (t(M::ForbiddenTitle), t(M::ForbiddenText).into()),
            Failure::CrossSite => (t(M::ForbiddenTitle), t(M::CrossSiteText).into()),
            Failure::BadRequest(what) => (t(M::BadRequestTitle), view.tf(M::InvalidForm, &[what])),
            Failure::HalfSent(seconds) => (t(M::HalfSentTitle), view.t1(M::HalfSentText, seconds)),
            Failure::TooLarge(bytes) => (t(M::TooLargeTitle), view.t1(M::TooLargeText, bytes)),
            Failure::Late(seconds) => (t(M::LateTitle), view.t1(M::LateText, seconds)),
            Failure::Busy => (t(M::BusyTitle), t(M::BusyText).into()),
            Failure::TooOften(cost, seconds) => {
                let what = match cost {
                    Cost::Search => M::Searches,
                    Cost::Export => M::Files,
                    Cost::Request => M::RequestForms,
                    Cost::Page | Cost::Free => M::Pages,
                };
                let at = view.now + SignedDuration::from_secs((*seconds).cast_signed());
                let told = [t(what), &view.clock(&at), &seconds.to_string()];
                (t(M::TooOftenTitle), view.tf(M::TooOftenText, &told))
            }
            Failure::Backend(tried) => {
                (t(M::BackendAwayTitle), view.tf(M::BackendAwayText, &[tried]))
            }
            Failure::Database(_) => (t(M::DatabaseAwayTitle), t(M::DatabaseAwayText).into()),
            Failure::TooSlow => {
                (t(M::TooSlowTitle), view.tf(M::TooSlowText, &[&query_seconds.to_string()]))
            }
            Failure::Internal(_) => (t(M::InternalTitle), view.tf(M::InternalText, &[request_id])),
        }
    }

    /// The page that says so.
    pub fn page(&self, view: View, request_id: &str, query_seconds: u64) -> Response {
        if self.status().is_server_error() {
            tracing::error!(event = "console.page_failed", path = %view.path, request.id = request_id,
                error = %self, "a page could not be shown");
        }
        let (title, text) = self.texts(&view, request_id, query_seconds);
        let sent = if let Failure::SignedOut(sent) = self { Some(sent) } else { None };
        let page = ErrorPage { title, text: &text, request_id, sent, v: &view };
        let mut response = match page.render() {
            Ok(html) => (self.status(), Html(html)).into_response(),
            Err(error) => {
                tracing::error!(event = "console.template_failed", error = %error, "error page");
                (self.status(), format!("{title}\n{text}\n")).into_response()
            }
        };
        if let Failure::TooOften(_, seconds) = self {
            response.headers_mut().insert(header::RETRY_AFTER, (*seconds).into());
        }
        if matches!(self, Failure::HalfSent(_) | Failure::TooLarge(_)) {
            // What of the request was not read is still on its way: told so, a client does not
            // send its next one on a connection that is about to end.
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

/// A response that only carries the failure; the middleware replaces it by the page.
impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    v: &'a View,
    title: &'a str,
    text: &'a str,
    sent: Option<&'a Sent>,
    request_id: &'a str,
}

/// Renders a page.
///
/// # Errors
/// When the template fails.
pub fn html(page: &impl Template) -> Result<Response, Failure> {
    Ok(Html(page.render()?).into_response())
}
