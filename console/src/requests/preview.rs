//! What an action will do, as data: stored with its request, shown in the reader's language,
//! compared when a second person decides. Texts are codes; words for them are in `i18n`.

use serde::{Deserialize, Serialize};

/// A value of a preview.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "as", content = "is")]
pub enum Value {
    /// Nothing set.
    None,
    /// As it is.
    Text(String),
    /// A decimal string, shown with separators.
    Number(String),
    /// A decimal string and its unit.
    Amount(String, String),
    /// A code with a word for it.
    Code(String),
    /// Several codes.
    Codes(Vec<String>),
    /// An account's code.
    Account(String),
    /// An instrument's symbol.
    Symbol(String),
    /// An order's number.
    Order(String),
    /// A trade's number.
    Trade(String),
    /// A moment, RFC 3339.
    Time(String),
}

impl Value {
    /// A text of the backend's, or nothing.
    pub fn text(given: &serde_json::Value) -> Value {
        Self::made(given, Value::Text)
    }

    /// A number of the backend's (number or decimal string), or nothing.
    pub fn number(given: &serde_json::Value) -> Value {
        Self::made(given, Value::Number)
    }

    /// A code of the backend's, or nothing.
    pub fn code(given: &serde_json::Value) -> Value {
        Self::made(given, Value::Code)
    }

    fn made(given: &serde_json::Value, make: fn(String) -> Value) -> Value {
        match given {
            serde_json::Value::String(text) if !text.is_empty() => make(text.clone()),
            serde_json::Value::Number(number) => make(number.to_string()),
            serde_json::Value::Bool(true) => Value::Code("yes".into()),
            serde_json::Value::Bool(false) => Value::Code("no".into()),
            _ => Value::None,
        }
    }
}

/// One thing that changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Code of what it is.
    pub label: String,
    /// Whose it is, where there are several: `DEMO-0001 JPY`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub of: String,
    /// Now.
    pub before: Value,
    /// Then.
    pub after: Value,
    /// Whether it moves by itself all the time, as balances do: then a difference while a
    /// person looks does not stop them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub floats: bool,
}

/// A table of a preview.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// Code of what it lists.
    pub label: String,
    /// Codes of its columns.
    pub columns: Vec<String>,
    /// Its rows.
    pub rows: Vec<Vec<Value>>,
}

/// Something to consider.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Warning {
    /// Its code.
    pub code: String,
    /// A value to fill in.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub value: String,
}

/// What an action will do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Preview {
    /// What it acts on: code and value.
    pub facts: Vec<(String, Value)>,
    /// What changes.
    pub changes: Vec<Change>,
    /// What it will reach.
    pub tables: Vec<Table>,
    /// What to consider.
    pub warnings: Vec<Warning>,
    /// Why it cannot be done now, a code; `None`: it can.
    pub refusal: Option<String>,
    /// Journal sequence it reflects.
    pub seq: Option<u64>,
}

impl Preview {
    /// A preview that says only why it cannot be done.
    pub fn refused(code: &str) -> Preview {
        Preview { refusal: Some(code.to_owned()), ..Preview::default() }
    }

    /// Adds a fact.
    #[must_use]
    pub fn fact(mut self, label: &str, value: Value) -> Preview {
        self.facts.push((label.to_owned(), value));
        self
    }

    /// Adds a change.
    #[must_use]
    pub fn change(mut self, label: &str, before: Value, after: Value) -> Preview {
        self.changes.push(Change {
            label: label.to_owned(),
            of: String::new(),
            before,
            after,
            floats: false,
        });
        self
    }

    /// Adds a change of something that moves by itself.
    #[must_use]
    pub fn floating(mut self, label: &str, of: &str, before: Value, after: Value) -> Preview {
        let (label, of) = (label.to_owned(), of.to_owned());
        self.changes.push(Change { label, of, before, after, floats: true });
        self
    }

    /// Adds something to consider.
    #[must_use]
    pub fn warn(mut self, code: &str, value: impl Into<String>) -> Preview {
        self.warnings.push(Warning { code: code.to_owned(), value: value.into() });
        self
    }

    /// Notes the sequence of a backend's answer.
    #[must_use]
    pub fn at(mut self, answer: &serde_json::Value) -> Preview {
        self.seq = answer["seq"].as_u64();
        self
    }

    /// Says why it cannot be done, unless that is said already.
    #[must_use]
    pub fn refuse_if(mut self, cannot: bool, code: &str) -> Preview {
        if cannot && self.refusal.is_none() {
            self.refusal = Some(code.to_owned());
        }
        self
    }

    /// Whether another preview of the same action says something else.
    pub fn differs(&self, other: &Preview) -> bool {
        let bare = |preview: &Preview| Preview { seq: None, ..preview.clone() };
        bare(self) != bare(other)
    }

    /// Fingerprint of an action and of what a person was shown of its effect, without what
    /// moves by itself: what they confirm must be what they saw.
    pub fn seen(&self, action: &super::Action) -> String {
        let still = Preview {
            changes: self
                .changes
                .iter()
                .map(|change| match change.floats {
                    false => change.clone(),
                    true => Change { before: Value::None, after: Value::None, ..change.clone() },
                })
                .collect(),
            tables: Vec::new(),
            seq: None,
            ..self.clone()
        };
        let text = serde_json::to_vec(&(action, still)).unwrap_or_default();
        hex::encode(&blake3::hash(&text).as_bytes()[..16])
    }
}
