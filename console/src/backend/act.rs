//! The admin API as actions use it: looks and previews, and changes that carry who asked, who
//! approved, under which request and why.

use serde_json::{Value, json};

use super::{Backend, root_cause};
use crate::error::Failure;
use crate::guard::form_encode;
use crate::requests::Provenance;

/// A refusal in the backend's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Stable code.
    pub code: String,
    /// For people.
    pub message: String,
}

/// What became of a change.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// Done, with this answer.
    Done(Value),
    /// Refused for good.
    Refused(Refusal),
    /// Not known: the backend is away or not ready. Why.
    Later(String),
}

/// What came back, before it is judged.
struct Answer {
    status: u16,
    body: Value,
}

impl Answer {
    fn refusal(&self) -> Refusal {
        let error = &self.body["error"];
        let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
        match error["code"].as_str() {
            Some(code) => Refusal { code: code.to_owned(), message: text("message") },
            None => Refusal {
                code: format!("http_{}", self.status),
                message: format!("answered {} without a code", self.status),
            },
        }
    }
}

/// A path of the admin API with one part filled in.
pub fn path(template: &str, parts: &[&str]) -> String {
    let mut path = template.to_owned();
    for part in parts {
        path = path.replacen("{}", &form_encode(part), 1);
    }
    path
}

impl Backend {
    /// A call of the admin API, with the token.
    async fn asked(&self, request: reqwest::RequestBuilder, url: &str) -> Result<Answer, Failure> {
        let answer = self.call(request.timeout(self.inner.timeout)).await?;
        self.answered(answer, url).await
    }

    async fn answered(
        &self,
        answer: reqwest::Result<reqwest::Response>,
        url: &str,
    ) -> Result<Answer, Failure> {
        let away = |e: &reqwest::Error| Failure::Backend(format!("{url}: {}", root_cause(e)));
        let answer = answer.map_err(|e| away(&e))?;
        let status = answer.status().as_u16();
        let body = answer.bytes().await.map_err(|e| away(&e))?;
        let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
        Ok(Answer { status, body })
    }

    /// Reads something of the admin API (`path` below `/admin/v1/`).
    ///
    /// # Errors
    /// When the backend does not answer; a refusal (4xx) is an answer.
    pub async fn look(&self, path: &str) -> Result<Result<Value, Refusal>, Failure> {
        let url = format!("{}/admin/v1/{path}", self.inner.admin_url);
        let answer = self.asked(self.inner.http.get(&url), &url).await?;
        judged(answer, &url)
    }

    /// Asks what something would do; changes nothing.
    ///
    /// # Errors
    /// When the backend does not answer; a refusal (4xx) is an answer.
    pub async fn try_out(
        &self,
        path: &str,
        body: &Value,
    ) -> Result<Result<Value, Refusal>, Failure> {
        let url = format!("{}/admin/v1/{path}", self.inner.admin_url);
        let answer = self.asked(self.inner.http.post(&url).json(body), &url).await?;
        judged(answer, &url)
    }

    /// An instrument as the public market shows it.
    ///
    /// # Errors
    /// When the backend does not answer; a refusal (4xx) is an answer.
    pub async fn instrument(&self, symbol: &str) -> Result<Result<Value, Refusal>, Failure> {
        let url = format!("{}/v1/instruments/{}", self.inner.public_url, form_encode(symbol));
        let sent = self.inner.http.get(&url).timeout(self.inner.timeout).send().await;
        judged(self.answered(sent, &url).await?, &url)
    }

    /// Has something done. The body gets the reason; the headers say who, whose approval, and
    /// the request's id, under which the backend does it at most once.
    pub async fn act(&self, path: &str, mut body: Value, by: &Provenance) -> Reply {
        body["reason"] = json!(by.reason);
        let url = format!("{}/admin/v1/{path}", self.inner.admin_url);
        let mut request = self.inner.http.post(&url).json(&body);
        for (name, value) in [
            ("x-actor", Some(&by.actor)),
            ("x-approver", by.approver.as_ref()),
            ("x-request-id", Some(&by.request_id)),
        ] {
            let Some(value) = value else { continue };
            match reqwest::header::HeaderValue::from_bytes(value.as_bytes()) {
                Ok(value) => request = request.header(name, value),
                Err(_) => {
                    let message = format!("{name} cannot be {value:?}");
                    return Reply::Refused(Refusal { code: "invalid_value".into(), message });
                }
            }
        }
        match self.asked(request, &url).await {
            Err(failure) => Reply::Later(failure.to_string()),
            Ok(answer) => self.replied(answer, by).await,
        }
    }

    /// Judges the answer to a change: only what the backend refused for good is refused.
    async fn replied(&self, answer: Answer, by: &Provenance) -> Reply {
        match answer.status {
            200..=299 => Reply::Done(answer.body),
            // Another version of the console may have written the body in another way; what
            // became of the first is on record under the id.
            409 if answer.refusal().code == "request_id_reused" => self.recalled(by).await,
            // Not ours to give up: the token is being changed, the backend is busy or starts.
            401 | 403 | 408 | 425 | 429 | 500..=599 => {
                let refusal = answer.refusal();
                Reply::Later(format!(
                    "the backend answered {} {}: {}",
                    answer.status, refusal.code, refusal.message
                ))
            }
            300..=499 => Reply::Refused(answer.refusal()),
            status => Reply::Later(format!("the backend answered {status}")),
        }
    }

    /// What is on record under a request's id.
    async fn recalled(&self, by: &Provenance) -> Reply {
        let found = self.look(&path("requests/{}", &[&by.request_id])).await;
        let Ok(Ok(record)) = found else {
            return Reply::Later("what became of this request cannot be told yet".into());
        };
        let refused = record["actions"].as_array().and_then(|actions| {
            actions.iter().find(|action| action["outcome"].as_str().is_some_and(|it| it != "ok"))
        });
        match (record["state"].as_str(), refused) {
            (Some("done"), Some(action)) => Reply::Refused(Refusal {
                code: action["outcome"].as_str().unwrap_or_default().to_owned(),
                message: String::new(),
            }),
            (Some("done"), None) => Reply::Done(record),
            _ => Reply::Later("the backend is still at work on this request".into()),
        }
    }
}

/// Reads: successes and refusals are answers, the rest is the backend's absence.
fn judged(answer: Answer, url: &str) -> Result<Result<Value, Refusal>, Failure> {
    match answer.status {
        200..=299 => Ok(Ok(answer.body)),
        400 | 404 | 409 | 422 => Ok(Err(answer.refusal())),
        401 => {
            let Refusal { code, message } = answer.refusal();
            Err(Failure::Backend(format!("{url}: answered 401 {code}: {message}")))
        }
        status => Err(Failure::Backend(format!("{url}: answered {status}"))),
    }
}
