//! Reading of JSON bodies so that every mistake is told with its code and field.
//!
//! Request types are serde structs whose fields are [`Given`] values: the JSON type is
//! looked at only when the field is used, where its name is known. Text that needs no
//! unescaping is borrowed from the body.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::error::{ApiError, ApiResult, Code};

/// A field as it came.
#[derive(Clone, Debug, PartialEq)]
pub enum Given<'a> {
    /// `true`, `false`.
    Flag(bool),
    /// A number; its value if it is a whole one that fits.
    Number(Option<i64>),
    /// A string.
    Text(Cow<'a, str>),
    /// A list or object where none belongs.
    Nested,
}

impl<'de: 'a, 'a> Deserialize<'de> for Given<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Given<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON value")
            }
            fn visit_bool<E: de::Error>(self, value: bool) -> Result<Self::Value, E> {
                Ok(Given::Flag(value))
            }
            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Self::Value, E> {
                Ok(Given::Number(Some(value)))
            }
            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Self::Value, E> {
                Ok(Given::Number(i64::try_from(value).ok()))
            }
            fn visit_f64<E: de::Error>(self, _: f64) -> Result<Self::Value, E> {
                Ok(Given::Number(None))
            }
            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Given::Text(Cow::Borrowed(text)))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Given::Text(Cow::Owned(text.to_owned())))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Given::Nested)
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Given::Nested)
            }
        }
        deserializer.deserialize_any(Any)
    }
}

impl Given<'_> {
    /// The text of field `name`.
    ///
    /// # Errors
    /// `invalid_type`.
    pub fn text(&self, name: &'static str) -> ApiResult<&str> {
        match self {
            Given::Text(text) => Ok(text),
            _ => Err(wrong_type(name, "a string")),
        }
    }

    /// The flag of field `name`.
    ///
    /// # Errors
    /// `invalid_type`.
    pub fn flag(&self, name: &'static str) -> ApiResult<bool> {
        match self {
            Given::Flag(flag) => Ok(*flag),
            _ => Err(wrong_type(name, "true or false")),
        }
    }

    /// The whole number of field `name`, within `low..=high`.
    ///
    /// # Errors
    /// `invalid_type`, `invalid_value`.
    pub fn integer(&self, name: &'static str, low: i64, high: i64) -> ApiResult<i64> {
        match self {
            Given::Number(Some(number)) if (low..=high).contains(number) => Ok(*number),
            Given::Number(_) => Err(ApiError::new(
                Code::InvalidValue,
                format!("{name} must be a whole number from {low} to {high}"),
            )
            .field(name)),
            _ => Err(wrong_type(name, "a whole number")),
        }
    }
}

fn wrong_type(name: &'static str, wanted: &str) -> ApiError {
    ApiError::new(Code::InvalidType, format!("{name} must be {wanted}")).field(name)
}

/// A field that must be there.
///
/// # Errors
/// `missing_field`.
pub fn required<'b, 'a>(
    given: &'b Option<Given<'a>>,
    name: &'static str,
) -> ApiResult<&'b Given<'a>> {
    given
        .as_ref()
        .ok_or_else(|| ApiError::new(Code::MissingField, format!("{name} is required")).field(name))
}

/// One of a few words.
///
/// # Errors
/// `invalid_value` with the allowed words.
pub fn word<T: Copy>(name: &'static str, text: &str, words: &[(&str, T)]) -> ApiResult<T> {
    words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value).ok_or_else(|| {
        let allowed: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let message = format!("{name} must be one of: {}", allowed.join(", "));
        ApiError::new(Code::InvalidValue, message).field(name)
    })
}

/// Reads a whole body.
///
/// # Errors
/// `invalid_json`, `unknown_field`, `duplicate_field`, `missing_field`, `invalid_type`.
pub fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> ApiResult<T> {
    // Serde would also read a list as the fields in order.
    if body.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'[') {
        serde_json::from_slice::<IgnoredAny>(body).map_err(|error| explain(&error))?;
        return Err(not_an_object());
    }
    serde_json::from_slice(body).map_err(|error| explain(&error))
}

fn not_an_object() -> ApiError {
    ApiError::new(Code::InvalidType, "the body must be a JSON object of the documented form")
}

fn explain(error: &serde_json::Error) -> ApiError {
    let text = error.to_string();
    let named = |code, prefix: &str| {
        let name = text.strip_prefix(prefix)?.split('`').next()?;
        let name: String = name.chars().take(64).collect();
        let what = prefix.trim_end_matches([' ', '`']);
        Some(ApiError::new(code, format!("{what} {name:?}")).field(name))
    };
    if error.is_data() {
        return named(Code::UnknownField, "unknown field `")
            .or_else(|| named(Code::DuplicateField, "duplicate field `"))
            .or_else(|| named(Code::MissingField, "missing field `"))
            .unwrap_or_else(not_an_object);
    }
    let (line, column) = (error.line(), error.column());
    ApiError::new(
        Code::InvalidJson,
        format!("the body is not valid JSON at line {line}, column {column}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    struct Body<'a> {
        #[serde(borrow)]
        a: Option<Given<'a>>,
        #[serde(borrow)]
        b: Option<Given<'a>>,
    }

    fn code(body: &str) -> (Code, Option<String>) {
        let error = read::<Body>(body.as_bytes()).unwrap_err();
        (error.code, error.field.map(Cow::into_owned))
    }

    #[test]
    fn each_mistake_has_its_code_and_field() {
        assert_eq!(code(""), (Code::InvalidJson, None));
        assert_eq!(code("{"), (Code::InvalidJson, None));
        assert_eq!(code("{} {}"), (Code::InvalidJson, None));
        assert_eq!(code("[]"), (Code::InvalidType, None));
        assert_eq!(code("[null, null]"), (Code::InvalidType, None));
        assert_eq!(code("7"), (Code::InvalidType, None));
        assert_eq!(code(r#"{"c":1}"#), (Code::UnknownField, Some("c".into())));
        assert_eq!(code(r#"{"a":1,"a":1}"#), (Code::DuplicateField, Some("a".into())));
        assert_eq!(code(r#"{"a":NaN}"#), (Code::InvalidJson, None));
        assert_eq!(code(&format!("{{\"a\":{}", "[".repeat(500))), (Code::InvalidJson, None));
        let bad_utf8 = read::<Body>(b"{\"a\":\"\xff\"}").unwrap_err();
        assert_eq!(bad_utf8.code, Code::InvalidJson);
    }

    #[test]
    fn types_are_looked_at_when_the_name_is_known() {
        let body: Body = read(br#"{"a":[{"x":[]}],"b":"t\u0065xt"}"#).unwrap();
        assert_eq!(body.b.as_ref().unwrap().text("b").unwrap(), "text");
        let error = body.a.as_ref().unwrap().text("a").unwrap_err();
        assert_eq!((error.code, error.field.as_deref()), (Code::InvalidType, Some("a")));
        let body: Body = read(br#"{"a":null,"b":1e400}"#).unwrap_or(Body { a: None, b: None });
        assert_eq!(required(&body.a, "a").unwrap_err().code, Code::MissingField);
        let body: Body = read(br#"{"a":99999999999999999999,"b":3}"#).unwrap();
        assert_eq!(body.a.unwrap().integer("a", 0, 9).unwrap_err().code, Code::InvalidValue);
        assert_eq!(body.b.unwrap().integer("b", 0, 9).unwrap(), 3);
    }
}
