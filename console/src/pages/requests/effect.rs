//! A preview in the reader's language.

use crate::i18n::Word;
use crate::requests::preview::{Preview, Value};
use crate::view::View;

/// A value as it is shown.
#[derive(Debug, PartialEq)]
pub struct Cell {
    /// Its text.
    pub text: String,
    /// Where it leads.
    pub link: Option<String>,
    /// Whether it is a number.
    pub number: bool,
}

/// Something that changes.
#[derive(Debug)]
pub struct Change {
    /// What.
    pub label: String,
    /// Whose.
    pub of: String,
    /// Now.
    pub before: Cell,
    /// Then.
    pub after: Cell,
    /// Whether they differ.
    pub moves: bool,
}

/// A table.
#[derive(Debug)]
pub struct Table {
    /// What it lists.
    pub caption: String,
    /// Its columns, and whether they are of numbers.
    pub columns: Vec<(String, bool)>,
    /// Its rows.
    pub rows: Vec<Vec<Cell>>,
}

/// What will happen, in words.
#[derive(Debug, Default)]
pub struct Effect {
    /// What it acts on.
    pub facts: Vec<(String, Cell)>,
    /// What changes.
    pub changes: Vec<Change>,
    /// What it will reach.
    pub tables: Vec<Table>,
    /// What to consider.
    pub warnings: Vec<String>,
    /// Why it cannot be done.
    pub refusal: Option<String>,
}

/// The word for a code, wherever it has one.
pub fn code(view: &View, code: &str) -> String {
    use Word::{Condition, Halt, Phase, Profile, Reason, Side, Status};
    [Word::Value, Phase, Halt, Side, Status, Condition, Profile, Reason]
        .into_iter()
        .map(|kind| view.w(kind, code))
        .find(|word| word != code)
        .unwrap_or_else(|| code.to_owned())
}

/// A value in words.
pub fn cell(view: &View, value: &Value) -> Cell {
    let plain = |text: String| Cell { text, link: None, number: false };
    let number = |text: String| Cell { text, link: None, number: true };
    let linked = |text: &str, path: &str| Cell {
        text: text.to_owned(),
        link: Some(format!("{path}{}", crate::guard::form_encode(text))),
        number: false,
    };
    match value {
        Value::None => plain("–".into()),
        Value::Text(text) => plain(text.clone()),
        Value::Number(value) => number(view.num(value)),
        Value::Amount(value, unit) => number(format!("{} {unit}", view.num(value))),
        Value::Code(it) => plain(code(view, it)),
        Value::Codes(all) if all.is_empty() => plain("–".into()),
        Value::Codes(all) => {
            plain(all.iter().map(|it| code(view, it)).collect::<Vec<_>>().join(", "))
        }
        Value::Account(it) => linked(it, "/accounts/"),
        Value::Symbol(it) => linked(it, "/books/"),
        Value::Order(it) => linked(it, "/orders/"),
        Value::Trade(it) => linked(it, "/fills/"),
        Value::Time(it) => plain(it.parse().map_or_else(|_| it.clone(), |at| view.time(&at))),
    }
}

impl Effect {
    /// A preview in words.
    pub fn of(view: &View, preview: &Preview) -> Effect {
        let label = |it: &str| view.w(Word::Label, it);
        Effect {
            facts: preview.facts.iter().map(|(it, value)| (label(it), cell(view, value))).collect(),
            changes: preview
                .changes
                .iter()
                .map(|change| Change {
                    label: label(&change.label),
                    of: change.of.clone(),
                    before: cell(view, &change.before),
                    after: cell(view, &change.after),
                    moves: change.before != change.after,
                })
                .collect(),
            tables: preview.tables.iter().map(|table| Self::table(view, table)).collect(),
            warnings: preview
                .warnings
                .iter()
                .map(|it| view.w(Word::Warning, &it.code).replace("{0}", &it.value))
                .collect(),
            refusal: preview.refusal.as_ref().map(|it| code(view, it)),
        }
    }

    fn table(view: &View, table: &crate::requests::preview::Table) -> Table {
        let rows: Vec<Vec<Cell>> = table
            .rows
            .iter()
            .map(|row| row.iter().map(|value| cell(view, value)).collect())
            .collect();
        let numeric =
            |at: usize| rows.first().is_some_and(|row| row.get(at).is_some_and(|c| c.number));
        Table {
            caption: view.w(Word::Label, &table.label),
            columns: table
                .columns
                .iter()
                .enumerate()
                .map(|(at, column)| (view.w(Word::Label, column), numeric(at)))
                .collect(),
            rows,
        }
    }
}
