//! Every change once: what a request id was used for and how that ended, in memory for the
//! newest, from the projection for those of before. `docs/API-ADMIN.md` has the rules.
//!
//! A change runs on a task of its own: a caller that goes away does not cut it off half way.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use axum::middleware::Next;
use axum::response::IntoResponse;
use bytes::Bytes;
use http_body_util::BodyExt;
use parking_lot::Mutex;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::watch;
use zaraba_engine::Reject;
use zaraba_engine::types::Seq;

use super::actions::ActionShape;
use super::guard::Named;
use crate::intake::http::error::{ApiError, ApiResult, Code};
use crate::intake::http::extract::{NoParams, Segment};
use crate::platform::Platform;
use crate::queries::ActionRow;

/// Answers remembered.
const KEPT: usize = 10_000;
/// And their bytes.
const KEPT_BYTES: usize = 64 << 20;
/// Changes at work at once.
const AT_WORK: usize = 1_000;
/// Largest answer, in bytes.
const ANSWER_MAX: usize = 16 << 20;

const REPEATED: HeaderName = HeaderName::from_static("x-repeated");

/// Calls of several commands: a repeat of one that was cut off goes on.
const IN_SLICES: [&str; 4] = ["/orders/cancel", "/kill-switches", "/days/roll", "/sessions/step"];
/// Calls whose every item has a name of its own that makes repeating it harmless.
const BATCHES: [&str; 2] = ["/accounts/batch", "/transfers/batch"];
/// Calls that stop something or set it to what they say: done without the database too, since
/// they may be needed most when it is away, and doing them twice is as doing them once.
const WITHOUT_HISTORY: [&str; 6] = [
    "/orders/cancel",
    "/orders/{order_id}/cancel",
    "/kill-switches",
    "/instruments/{symbol}/status",
    "/instruments/{symbol}/halts",
    "/accounts/{code}/status",
];
/// Makes a key.
const KEYS: &str = "/accounts/{code}/keys";
/// Calls that are no command: they look after their repeats themselves.
const ELSEWHERE: [&str; 3] = [KEYS, "/accounts/{code}/keys/{api_key}/revoke", "/flags/{name}"];

/// An answer as it was given.
struct Answer {
    status: StatusCode,
    kind: Option<HeaderValue>,
    retry_after: Option<HeaderValue>,
    code: Option<Code>,
    body: Bytes,
}

impl Answer {
    fn response(&self, repeated: bool) -> Response<Body> {
        let mut response = Response::new(Body::from(self.body.clone()));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.extend(self.kind.clone().map(|kind| (header::CONTENT_TYPE, kind)));
        headers.extend(self.retry_after.clone().map(|after| (header::RETRY_AFTER, after)));
        if repeated {
            headers.insert(REPEATED, HeaderValue::from_static("true"));
        }
        if let Some(code) = self.code {
            response.extensions_mut().insert(code);
        }
        response
    }

    /// Whether this is how the request ended. Errors that come before anything is sequenced
    /// leave it open: it can be sent again under the same id.
    fn is_final(&self) -> bool {
        match self.code {
            None => true,
            Some(Code::AlreadyExists | Code::InternalError) => true,
            Some(Code::CapacityExhausted | Code::NotInitialised) => false,
            Some(code) => Reject::ALL.iter().any(|reject| Code::of(*reject) == code),
        }
    }
}

type Outcome = Option<Arc<Answer>>;

struct Entry {
    /// Of everything the request said.
    mark: [u8; 32],
    outcome: watch::Receiver<Outcome>,
}

#[derive(Default)]
struct Known {
    entries: HashMap<String, Entry>,
    /// Finished ones, oldest first.
    finished: VecDeque<String>,
    bytes: usize,
    /// Requests up to here may be known to the projection only.
    before: Seq,
}

/// What the admin API's requests came to.
#[derive(Default)]
pub(super) struct Requests(Mutex<Known>);

/// What to do with a request.
enum Turn {
    /// It is new: do it, and tell the outcome here.
    First(watch::Sender<Outcome>, Seq),
    /// It was here before: wait for its outcome.
    Repeat(watch::Receiver<Outcome>),
}

impl Requests {
    /// For a journal that already goes to `before`.
    pub(super) fn new(before: Seq) -> Requests {
        // The first command begins the journal and is nobody's.
        let before = if before <= Seq(1) { Seq(0) } else { before };
        Requests(Mutex::new(Known { before, ..Known::default() }))
    }

    fn turn(&self, id: &str, mark: [u8; 32]) -> ApiResult<Turn> {
        let mut known = self.0.lock();
        if let Some(entry) = known.entries.get(id) {
            if entry.mark != mark {
                return Err(ApiError::plain(Code::RequestIdReused).field("x-request-id"));
            }
            return Ok(Turn::Repeat(entry.outcome.clone()));
        }
        if known.entries.len() - known.finished.len() >= AT_WORK {
            return Err(ApiError::new(Code::Busy, "too many changes are at work; try again"));
        }
        let (tell, outcome) = watch::channel(None);
        known.entries.insert(id.to_owned(), Entry { mark, outcome });
        Ok(Turn::First(tell, known.before))
    }

    /// Notes how a request ended, and forgets the oldest ones beyond the bounds. `now`: how
    /// far the journal is.
    fn finish(&self, id: &str, answer: &Arc<Answer>, now: Seq) {
        let mut known = self.0.lock();
        if !answer.is_final() {
            known.entries.remove(id);
            return;
        }
        known.bytes += answer.body.len();
        known.finished.push_back(id.to_owned());
        while known.finished.len() > KEPT || known.bytes > KEPT_BYTES {
            let Some(oldest) = known.finished.pop_front() else { break };
            let entry = known.entries.remove(&oldest);
            let bytes = entry.and_then(|e| e.outcome.borrow().as_ref().map(|a| a.body.len()));
            known.bytes -= bytes.unwrap_or(0).min(known.bytes);
            known.before = known.before.max(now);
        }
    }

    fn forget(&self, id: &str) {
        self.0.lock().entries.remove(id);
    }

    /// Whether a request is known: `Some(None)` at work, `Some(Some(_))` done.
    fn look(&self, id: &str) -> (Option<Outcome>, Seq) {
        let known = self.0.lock();
        (known.entries.get(id).map(|entry| entry.outcome.borrow().clone()), known.before)
    }
}

/// What a request says, as one number: another call, body or person is another request.
fn mark(method: &Method, path: &str, headers: &HeaderMap, body: &[u8]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    let person = |name| headers.get(name).map_or(&[][..], HeaderValue::as_bytes);
    let parts = [
        method.as_str().as_bytes(),
        path.as_bytes(),
        person("x-actor"),
        person("x-approver"),
        body,
    ];
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    *hasher.finalize().as_bytes()
}

/// Lets each change through once.
pub(super) async fn once(
    State((platform, requests)): State<(Platform, Arc<Requests>)>,
    request: Request,
    next: Next,
) -> Response<Body> {
    let route = request.extensions().get::<MatchedPath>();
    let route = route.and_then(|route| route.as_str().strip_prefix("/admin/v1")).unwrap_or("");
    let route = route.to_owned();
    if request.method() != Method::POST || route.ends_with("/preview") {
        return next.run(request).await;
    }
    match change(platform, requests, route, request, next).await {
        Ok(response) => response,
        Err(error) => error.into_response(),
    }
}

async fn change(
    platform: Platform,
    requests: Arc<Requests>,
    route: String,
    request: Request,
    next: Next,
) -> ApiResult<Response<Body>> {
    let id = Named::of(request.headers())?.request.to_string();
    let (parts, body) = request.into_parts();
    let body = crate::intake::http::extract::read_body(&parts.headers, body, &platform).await?;
    let path = parts.uri.path_and_query().map_or("", |path| path.as_str());
    let mark = mark(&parts.method, path, &parts.headers, &body);
    let (tell, before) = match requests.turn(&id, mark)? {
        Turn::Repeat(outcome) => return repeated(outcome).await,
        Turn::First(tell, before) => (tell, before),
    };
    // Where the caller goes away meanwhile, nothing was done yet: the entry must not stay.
    let unbegun = Unbegun { requests: &requests, id: &id };
    let earlier = earlier(&platform, &route, &id, before).await;
    std::mem::forget(unbegun);
    match earlier {
        Ok(None) => {}
        Ok(Some(answer)) => {
            requests.finish(&id, &answer, platform.live.seq());
            let response = answer.response(true);
            tell.send_replace(Some(answer));
            return Ok(response);
        }
        Err(error) => {
            requests.forget(&id);
            return Err(error);
        }
    }
    let request = Request::from_parts(parts, Body::from(body));
    let work = tokio::spawn(async move {
        let answer = Arc::new(answer_of(next.run(request).await).await);
        let kept = without_secret(&route, answer.clone()).await;
        requests.finish(&id, &kept, platform.live.seq());
        tell.send_replace(Some(kept));
        answer
    });
    let done = work.await.map_err(|_| ApiError::plain(Code::InternalError))?;
    Ok(done.response(false))
}

/// What a repeat is told: a new key's secret is told once and not kept.
async fn without_secret(route: &str, answer: Arc<Answer>) -> Arc<Answer> {
    if route != KEYS || !answer.status.is_success() {
        return answer;
    }
    let made: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let details = json!({"key_id": made["key_id"], "api_key": made["api_key"]});
    let message = "this request has made a key; its secret was told then";
    let error = ApiError::new(Code::AlreadyExists, message).details(details);
    Arc::new(answer_of(error.into_response()).await)
}

/// Takes an entry back whose work has not begun.
struct Unbegun<'a> {
    requests: &'a Requests,
    id: &'a str,
}

impl Drop for Unbegun<'_> {
    fn drop(&mut self) {
        self.requests.forget(self.id);
    }
}

async fn repeated(mut outcome: watch::Receiver<Outcome>) -> ApiResult<Response<Body>> {
    // The sender is gone without an answer when the first did not get as far as to begin.
    let told = outcome.wait_for(Option::is_some).await.ok().and_then(|told| told.clone());
    let again = || ApiError::new(Code::Busy, "the first call did not get through; send it again");
    told.map(|answer| answer.response(true)).ok_or_else(again)
}

async fn answer_of(response: Response<Body>) -> Answer {
    let (parts, body) = response.into_parts();
    let body = http_body_util::Limited::new(body, ANSWER_MAX).collect().await;
    let body = body.map(|body| body.to_bytes()).unwrap_or_default();
    Answer {
        status: parts.status,
        kind: parts.headers.get(header::CONTENT_TYPE).cloned(),
        retry_after: parts.headers.get(header::RETRY_AFTER).cloned(),
        code: parts.extensions.get::<Code>().copied(),
        body,
    }
}

/// How a request ended that this process does not remember, from the projection; `None`: it is
/// to be done.
async fn earlier(
    platform: &Platform,
    route: &str,
    id: &str,
    before: Seq,
) -> ApiResult<Option<Arc<Answer>>> {
    if before == Seq(0) || BATCHES.contains(&route) || ELSEWHERE.contains(&route) {
        return Ok(None);
    }
    let found = if platform.status.projected() < before {
        Err(ApiError::plain(Code::RequestsNotReady))
    } else {
        platform.history.actions_of(id).await.map_err(ApiError::from)
    };
    let actions = match found {
        Ok(found) => found.value,
        Err(_) if WITHOUT_HISTORY.contains(&route) => return Ok(None),
        Err(_) => return Err(ApiError::plain(Code::RequestsNotReady)),
    };
    let Some(last) = actions.last() else { return Ok(None) };
    if IN_SLICES.contains(&route) && is_unfinished(&actions) {
        return Ok(None);
    }
    let answer = match Code::parse(&last.outcome) {
        Some(code) => ApiError::plain(code).details(json!({"seq": last.seq.0})).into_response(),
        None => Json(shape(id, "done", &actions, platform)).into_response(),
    };
    Ok(Some(Arc::new(answer_of(answer).await)))
}

/// Whether a request of several commands was cut off.
fn is_unfinished(actions: &[ActionRow]) -> bool {
    let Some(last) = actions.last() else { return true };
    let summary: Value = serde_json::from_str(&last.summary).unwrap_or_default();
    let kill_alone = last.kind == "set_kill" && summary["on"] == json!(true);
    last.outcome == "ok" && (summary["more"] == json!(true) || kill_alone)
}

/// What a request came to.
#[derive(Serialize)]
pub(super) struct RequestShape {
    request_id: String,
    known: bool,
    /// `done`, `in_progress`, `unfinished`, `unknown`.
    state: &'static str,
    actions: Vec<ActionShape>,
    seq: u64,
}

fn shape(
    id: &str,
    state: &'static str,
    actions: &[ActionRow],
    platform: &Platform,
) -> RequestShape {
    RequestShape {
        request_id: id.to_owned(),
        known: state != "unknown",
        state,
        actions: actions.iter().map(|row| ActionShape::new(row, platform)).collect(),
        seq: platform.status.projected().0,
    }
}

/// What a request came to.
pub(super) async fn one(
    State(platform): State<Platform>,
    axum::Extension(requests): axum::Extension<Arc<Requests>>,
    Segment(id): Segment,
    _: NoParams,
) -> ApiResult<Json<RequestShape>> {
    let (here, before) = requests.look(&id);
    let projected = platform.status.projected();
    let found = platform.history.actions_of(&id).await;
    let actions = match (&here, found) {
        (_, Ok(found)) => found.value,
        (Some(_), Err(_)) => Vec::new(),
        (None, Err(error)) => return Err(error.into()),
    };
    let state = match here {
        Some(None) => "in_progress",
        Some(Some(_)) => "done",
        None if actions.is_empty() && projected < before => {
            return Err(ApiError::plain(Code::RequestsNotReady));
        }
        None if actions.is_empty() => "unknown",
        None if is_unfinished(&actions) => "unfinished",
        None => "done",
    };
    Ok(Json(shape(&id, state, &actions, &platform)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(code: Option<Code>, bytes: usize) -> Arc<Answer> {
        let status = code.map_or(200, Code::status);
        let status = StatusCode::from_u16(status).unwrap();
        let body = Bytes::from(vec![b' '; bytes]);
        Arc::new(Answer { status, kind: None, retry_after: None, code, body })
    }

    fn begin(requests: &Requests, id: &str) -> watch::Sender<Outcome> {
        match requests.turn(id, [0; 32]) {
            Ok(Turn::First(tell, _)) => tell,
            _ => panic!("{id} is not new"),
        }
    }

    #[test]
    fn a_request_is_new_once_and_another_under_its_id_is_refused() {
        let requests = Requests::new(Seq(1));
        let tell = begin(&requests, "a");
        assert!(matches!(requests.turn("a", [0; 32]), Ok(Turn::Repeat(_))));
        let reused = requests.turn("a", [1; 32]).err().map(|error| error.code);
        assert_eq!(reused, Some(Code::RequestIdReused));
        let answer = done(Some(Code::InsufficientFunds), 3);
        requests.finish("a", &answer, Seq(9));
        tell.send_replace(Some(answer));
        assert!(matches!(requests.turn("a", [0; 32]), Ok(Turn::Repeat(_))), "a refusal stands");
        begin(&requests, "b");
        requests.finish("b", &done(Some(Code::InvalidValue), 3), Seq(9));
        begin(&requests, "b");
        requests.finish("b", &done(Some(Code::Busy), 3), Seq(9));
        begin(&requests, "b");
    }

    #[test]
    fn the_oldest_answers_are_left_to_the_projection() {
        let requests = Requests::new(Seq(1));
        for number in 0..KEPT as u64 + 5 {
            let tell = begin(&requests, &format!("r{number}"));
            let answer = done(None, 10);
            requests.finish(&format!("r{number}"), &answer, Seq(number));
            tell.send_replace(Some(answer));
        }
        let known = requests.0.lock();
        assert_eq!((known.entries.len(), known.finished.len()), (KEPT, KEPT));
        assert_eq!((known.bytes, known.before), (KEPT * 10, Seq(KEPT as u64 + 4)));
        assert!(!known.entries.contains_key("r4") && known.entries.contains_key("r5"));
    }

    #[test]
    fn changes_at_work_are_bounded() {
        let requests = Requests::new(Seq(1));
        let held: Vec<_> = (0..AT_WORK).map(|n| begin(&requests, &n.to_string())).collect();
        let error = requests.turn("one more", [0; 32]).err().map(|error| error.code);
        assert_eq!((error, held.len()), (Some(Code::Busy), AT_WORK));
    }

    #[test]
    fn what_makes_a_request_another() {
        let headers = HeaderMap::new();
        let one = mark(&Method::POST, "/a", &headers, b"b");
        assert_ne!(one, mark(&Method::POST, "/ab", &headers, b""));
        let mut other = HeaderMap::new();
        other.insert("x-approver", HeaderValue::from_static("someone"));
        assert_ne!(one, mark(&Method::POST, "/a", &other, b"b"));
    }
}
