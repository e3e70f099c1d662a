//! The admin API in the double: what each call answers is set by the tests; changes are done
//! once per request id, as the contract says, and all of them are on record.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::backend::TOKEN;

/// A change that reached the backend.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    pub path: String,
    pub body: Value,
    pub actor: String,
    pub approver: Option<String>,
    pub request_id: String,
}

#[derive(Default)]
struct Inner {
    answers: BTreeMap<String, (u16, Value)>,
    /// First outcomes by request id, with the change they were of and which one it was.
    done: BTreeMap<String, (Call, u16, Value, u64)>,
    /// Every change that arrived, repeats too.
    arrived: Vec<Call>,
    /// Anchors of the audit trail. They come by themselves, and are no changes of the tests.
    anchors: Vec<Call>,
    /// So many changes get 503 before anything is done.
    not_ready: usize,
    /// So many changes are done, but their answers are lost.
    lose: usize,
    seq: u64,
}

/// The double's admin API.
#[derive(Clone, Default)]
pub struct Admin(Arc<parking_lot::Mutex<Inner>>);

fn error(status: u16, code: &str, message: &str) -> (u16, Value) {
    (status, json!({"error": {"code": code, "message": message}}))
}

impl Admin {
    /// One that has done nothing yet.
    pub fn empty(seq: u64) -> Admin {
        let admin = Admin::default();
        admin.0.lock().seq = seq;
        admin
    }

    /// What a call answers from now on; `path` below `/admin/v1/` (or whole, from `/v1/`).
    pub fn answer(&self, method: &str, path: &str, status: u16, body: Value) {
        self.0.lock().answers.insert(format!("{method} {path}"), (status, body));
    }

    /// Every call it can answer, with what it answers: its method and path.
    pub fn answers(&self) -> Vec<(String, Value)> {
        let inner = self.0.lock();
        inner.answers.iter().map(|(call, (_, body))| (call.clone(), body.clone())).collect()
    }

    /// Changes one value of an answer.
    pub fn set(&self, method: &str, path: &str, pointer: &str, value: Value) {
        let mut inner = self.0.lock();
        let (_, body) = inner.answers.get_mut(&format!("{method} {path}")).unwrap();
        *body.pointer_mut(pointer).unwrap() = value;
    }

    /// The next `count` changes get 503 `requests_not_ready`.
    pub fn not_ready(&self, count: usize) {
        self.0.lock().not_ready = count;
    }

    /// The next `count` changes are done, but answered with 500.
    pub fn lose(&self, count: usize) {
        self.0.lock().lose = count;
    }

    /// What was done, once each, in order.
    pub fn done(&self) -> Vec<Call> {
        let inner = self.0.lock();
        let mut all: Vec<&(Call, u16, Value, u64)> = inner.done.values().collect();
        all.sort_by_key(|it| it.3);
        all.into_iter().filter(|it| it.1 < 300).map(|it| it.0.clone()).collect()
    }

    /// Every change that arrived, repeats too.
    pub fn arrived(&self) -> Vec<Call> {
        self.0.lock().arrived.clone()
    }

    /// Anchors of the audit trail that arrived.
    pub fn anchors(&self) -> Vec<Call> {
        self.0.lock().anchors.clone()
    }

    fn anchored(&self, call: Call) -> (u16, Value) {
        let mut inner = self.0.lock();
        let told = json!({"what": call.body["what"], "count": call.body["count"],
            "hash": call.body["hash"], "time": "2026-11-20T02:00:00.000000Z", "seq": inner.seq});
        inner.anchors.push(call);
        (201, told)
    }

    /// What a request came to.
    fn request(&self, id: &str) -> (u16, Value) {
        let inner = self.0.lock();
        let action = |(call, status, body, seq): &(Call, u16, Value, u64)| {
            let outcome = if *status < 300 { json!("ok") } else { body["error"]["code"].clone() };
            json!({"seq": seq, "at": "2026-11-20T02:00:00.000000Z", "kind": "deposit",
                "target": {"kind": "account", "id": 4, "text": "DEMO-0001"}, "actor": call.actor,
                "approver": call.approver.clone().unwrap_or_default(), "request_id": id,
                "reason": call.body["reason"], "outcome": outcome, "summary": {"account": 4, "reference": "c-3"}})
        };
        let actions: Vec<Value> = inner.done.get(id).iter().map(|done| action(done)).collect();
        let (known, state) = if actions.is_empty() { (false, "unknown") } else { (true, "done") };
        (
            200,
            json!({"request_id": id, "known": known, "state": state, "actions": actions,
            "seq": inner.seq}),
        )
    }

    fn looked(&self, method: &Method, path: &str) -> (u16, Value) {
        let inner = self.0.lock();
        if let Some(id) = path.strip_prefix("requests/") {
            drop(inner);
            return self.request(id);
        }
        // An answer for this very query, or else for the path.
        let bare = path.split('?').next().unwrap_or_default();
        let of = |path: &str| inner.answers.get(&format!("{method} {path}"));
        let found = of(path).or_else(|| of(bare)).cloned();
        found.unwrap_or_else(|| error(404, "not_found", "nothing at this path"))
    }

    fn changed(&self, call: Call) -> (u16, Value) {
        let mut inner = self.0.lock();
        inner.arrived.push(call.clone());
        if inner.not_ready > 0 {
            inner.not_ready -= 1;
            return error(503, "requests_not_ready", "send it again");
        }
        if call.actor.is_empty() || call.request_id.is_empty() || call.body["reason"].is_null() {
            return error(400, "missing_field", "x-actor, x-request-id and reason are required");
        }
        if call.approver.as_ref() == Some(&call.actor) {
            return error(400, "same_person", "the approver is the actor");
        }
        if let Some((first, status, body, _)) = inner.done.get(&call.request_id) {
            if *first != call {
                return error(409, "request_id_reused", "the id was another call's");
            }
            return (*status, body.clone());
        }
        let key = format!("POST {}", call.path);
        let (status, mut body) = match inner.answers.get(&key).cloned() {
            Some(answer) => answer,
            None => return error(404, "not_found", "nothing at this path"),
        };
        inner.seq += 1;
        let seq = inner.seq;
        // Only what is in the journal has its sequence.
        if let Some(told) = body.get_mut("seq").filter(|_| status < 300) {
            *told = json!(seq);
        }
        inner.done.insert(call.request_id.clone(), (call, status, body.clone(), seq));
        if inner.lose > 0 {
            inner.lose -= 1;
            return error(500, "internal_error", "the answer was lost");
        }
        (status, body)
    }
}

/// Whatever the double has no route of its own for.
pub async fn any(
    State(admin): State<Admin>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = uri.path_and_query().map_or("/", |it| it.as_str());
    let reply = |(status, body): (u16, Value)| {
        (StatusCode::from_u16(status).unwrap(), Json(body)).into_response()
    };
    let Some(path) = path.strip_prefix("/admin/v1/") else {
        return reply(admin.looked(&method, path));
    };
    let bearer = headers.get("authorization").map(|it| it.as_bytes());
    if bearer != Some(format!("Bearer {TOKEN}").as_bytes()) {
        return reply(error(401, "unauthorized", "no token"));
    }
    if method == Method::GET || path.ends_with("/preview") {
        return reply(admin.looked(&method, path));
    }
    let header =
        |name: &str| headers.get(name).map(|it| String::from_utf8(it.as_bytes().to_vec()).unwrap());
    let call = Call {
        path: path.to_owned(),
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
        actor: header("x-actor").unwrap_or_default(),
        approver: header("x-approver").filter(|it| !it.is_empty()),
        request_id: header("x-request-id").unwrap_or_default(),
    };
    reply(if path == "anchors" { admin.anchored(call) } else { admin.changed(call) })
}
