//! Reading of JSON bodies so that every mistake is told with its code and field.
//!
//! Request types are serde structs whose fields are [`Given`] values: the JSON type is
//! looked at only when the field is used, where its name is known. Text that needs no
//! unescaping is borrowed from the body.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::de::value::MapAccessDeserializer;
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
    chosen(name, text, words.iter().copied())
}

/// A field that is one of these values, by their words.
///
/// # Errors
/// `invalid_value` with the allowed words.
pub fn choice<T: Copy>(
    name: &'static str,
    given: &Given<'_>,
    all: &[T],
    as_str: fn(T) -> &'static str,
) -> ApiResult<T> {
    chosen(name, given.text(name)?, all.iter().map(|&value| (as_str(value), value)))
}

fn chosen<'a, T>(
    name: &'static str,
    text: &str,
    words: impl Iterator<Item = (&'a str, T)> + Clone,
) -> ApiResult<T> {
    let found = words.clone().find(|(word, _)| *word == text);
    found.map(|(_, value)| value).ok_or_else(|| {
        let allowed: Vec<&str> = words.map(|(word, _)| word).collect();
        let message = format!("{name} must be one of: {}", allowed.join(", "));
        ApiError::new(Code::InvalidValue, message).field(name)
    })
}

/// A JSON object, and no list of its fields in order, which serde would take for one.
#[derive(Debug)]
pub struct Object<T>(T);

impl<T> Deref for Object<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
            type Value = Object<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }
        deserializer.deserialize_map(Fields(PhantomData))
    }
}

/// Reads a whole body.
///
/// # Errors
/// `invalid_json`, `unknown_field`, `duplicate_field`, `missing_field`, `invalid_type`, with the
/// field where there is one: `oco.price` for one of an object within.
pub fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> ApiResult<T> {
    match serde_json::from_slice::<Object<T>>(body) {
        Ok(object) => Ok(object.0),
        Err(error) if error.is_data() => Err(explain(&error, &place_of_mistake::<T>(body))),
        Err(error) => Err(ApiError::new(
            Code::InvalidJson,
            format!(
                "the body is not valid JSON at line {}, column {}",
                error.line(),
                error.column()
            ),
        )),
    }
}

/// Where in the body reading stops, as `limits.day_value`; empty: the body itself. It is read
/// once more for that: what can be read pays nothing for it.
fn place_of_mistake<'a, T: Deserialize<'a>>(body: &'a [u8]) -> String {
    let mut json = serde_json::Deserializer::from_slice(body);
    match serde_path_to_error::deserialize::<_, Object<T>>(&mut json) {
        Err(error) if error.path().iter().next().is_some() => error.path().to_string(),
        _ => String::new(),
    }
}

fn explain(error: &serde_json::Error, place: &str) -> ApiError {
    let text = error.to_string();
    let short = |text: &str| text.chars().take(64).collect::<String>();
    let named = |code, prefix: &str| {
        let name = text.strip_prefix(prefix)?.split('`').next()?;
        let what = prefix.trim_end_matches([' ', '`']);
        let within = place.strip_suffix(name).map_or(place, |outer| outer.trim_end_matches('.'));
        let dot = if within.is_empty() { "" } else { "." };
        let field = format!("{}{dot}{}", short(within), short(name));
        Some(ApiError::new(code, format!("{what} {:?}", short(name))).field(field))
    };
    let wrong_type = || match place {
        "" => ApiError::new(
            Code::InvalidType,
            "the body must be a JSON object of the documented form",
        ),
        _ => {
            let message = format!("{} must be of the documented form", short(place));
            ApiError::new(Code::InvalidType, message).field(short(place))
        }
    };
    named(Code::UnknownField, "unknown field `")
        .or_else(|| named(Code::DuplicateField, "duplicate field `"))
        .or_else(|| named(Code::MissingField, "missing field `"))
        .unwrap_or_else(wrong_type)
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
        #[serde(borrow)]
        o: Option<Object<Inner<'a>>>,
    }

    #[derive(serde::Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    struct Inner<'a> {
        #[serde(borrow)]
        a: Option<Given<'a>>,
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
        assert_eq!(code(r#"{"o":{"q":1}}"#), (Code::UnknownField, Some("o.q".into())));
        assert_eq!(code(r#"{"o":{"a":1,"a":2}}"#), (Code::DuplicateField, Some("o.a".into())));
        for no_object in ["[1]", "7", r#""a""#] {
            let body = format!("{{\"o\":{no_object}}}");
            assert_eq!(code(&body), (Code::InvalidType, Some("o".into())), "{body}");
        }
        let unnamed = format!("{{\"{}\":1}}", "x".repeat(500));
        assert_eq!(code(&unnamed), (Code::UnknownField, Some("x".repeat(64))));
        let bad_utf8 = read::<Body>(b"{\"a\":\"\xff\"}").unwrap_err();
        assert_eq!(bad_utf8.code, Code::InvalidJson);
    }

    #[test]
    fn types_are_looked_at_when_the_name_is_known() {
        let body: Body = read(br#"{"a":[{"x":[]}],"b":"t\u0065xt"}"#).unwrap();
        assert_eq!(body.b.as_ref().unwrap().text("b").unwrap(), "text");
        let error = body.a.as_ref().unwrap().text("a").unwrap_err();
        assert_eq!((error.code, error.field.as_deref()), (Code::InvalidType, Some("a")));
        let body: Body =
            read(br#"{"a":null,"b":1e400}"#).unwrap_or(Body { a: None, b: None, o: None });
        assert_eq!(required(&body.a, "a").unwrap_err().code, Code::MissingField);
        let body: Body = read(br#"{"o":{"a":3}}"#).unwrap();
        assert_eq!(body.o.unwrap().a.as_ref().unwrap().integer("a", 0, 9).unwrap(), 3);
        let body: Body = read(br#"{"a":99999999999999999999,"b":3}"#).unwrap();
        assert_eq!(body.a.unwrap().integer("a", 0, 9).unwrap_err().code, Code::InvalidValue);
        assert_eq!(body.b.unwrap().integer("b", 0, 9).unwrap(), 3);
    }
}
