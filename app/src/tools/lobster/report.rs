//! What a replay found: speed, executions that hit the very order, agreement of the books.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

use super::message::BadLine;

/// Counts of what the file held.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Messages by what was done with them.
    pub played: u64,
    /// About orders whose submission is not in the file.
    pub unknown: u64,
    /// Of these, executions.
    pub unknown_executions: u64,
    /// About orders the venue refused earlier.
    pub refused_before: u64,
    /// Levels entered anew after an execution that, by the data, was not of the first order.
    pub entered_anew: u64,
    /// Hidden executions (type 5).
    pub hidden: u64,
    /// Halts and other messages that change no order (types 6 and 7).
    pub other: u64,
}

/// An aggressive order sent for an execution of the data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Execution {
    /// Line of the message.
    pub line: u64,
    /// The venue's number of the order that the data names.
    pub expected: String,
    /// Shares the data names.
    pub size: i64,
    /// Journal sequence of the aggressive order; its fills carry the same. None: refused.
    pub seq: Option<u64>,
}

/// Executions that did what the data says, and those that did not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hits {
    /// Executions with a known submission.
    pub known: u64,
    /// Of these: filled that very order with that very size, and no other.
    pub exact: u64,
    /// Lines of the first ones that did not.
    pub missed_lines: Vec<u64>,
}

/// Lines kept of each kind of finding.
const LINES_SHOWN: usize = 20;

impl Hits {
    /// Compares executions with the fills of the resting account: by sequence, the orders
    /// filled and how much of each.
    pub fn count(executions: &[Execution], fills: &HashMap<u64, Vec<(String, i64)>>) -> Hits {
        let mut hits = Hits { known: executions.len() as u64, ..Hits::default() };
        for execution in executions {
            let filled = execution.seq.and_then(|seq| fills.get(&seq));
            let exact = filled.is_some_and(|filled| {
                matches!(filled.as_slice(), [(order, size)]
                    if *order == execution.expected && *size == execution.size)
            });
            if exact {
                hits.exact += 1;
            } else if hits.missed_lines.len() < LINES_SHOWN {
                hits.missed_lines.push(execution.line);
            }
        }
        hits
    }

    /// Share of executions that hit, 0 to 1; 1 where there were none.
    pub fn share(&self) -> f64 {
        if self.known == 0 { 1.0 } else { self.exact as f64 / self.known as f64 }
    }
}

/// How often the venue's book equalled the order book file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agreement {
    /// Levels compared on each side.
    pub levels: usize,
    /// Steps compared.
    pub steps: u64,
    /// Steps in which all compared levels were equal.
    pub equal: u64,
    /// Steps in which the best level of both sides was equal.
    pub best_equal: u64,
    /// Lines of the first steps that differed.
    pub differing_lines: Vec<u64>,
}

impl Agreement {
    /// Notes one comparison.
    pub fn note(&mut self, line: u64, equal: bool, best_equal: bool) {
        self.steps += 1;
        self.equal += u64::from(equal);
        self.best_equal += u64::from(best_equal);
        if !equal && self.differing_lines.len() < LINES_SHOWN {
            self.differing_lines.push(line);
        }
    }
}

/// The result of a replay.
#[derive(Debug, Default)]
pub struct Report {
    /// What the file held.
    pub counts: Counts,
    /// Lines that are no messages.
    pub bad_lines: Vec<BadLine>,
    /// Operations carried out.
    pub orders: u64,
    /// How long they took.
    pub took: Duration,
    /// Refusals by code.
    pub refused: BTreeMap<String, u64>,
    /// Executions; none where fills were not looked at.
    pub hits: Option<Hits>,
    /// Why fills could not be looked at.
    pub hits_missing: Option<String>,
    /// Books; none without an order book file.
    pub agreement: Option<Agreement>,
}

impl Report {
    fn per_second(&self) -> f64 {
        self.orders as f64 / self.took.as_secs_f64().max(f64::EPSILON)
    }

    /// The report for scripts.
    pub fn json(&self) -> Value {
        json!({
            "messages_played": self.counts.played,
            "unknown_orders": self.counts.unknown,
            "unknown_executions": self.counts.unknown_executions,
            "refused_before": self.counts.refused_before,
            "levels_entered_anew": self.counts.entered_anew,
            "hidden_executions": self.counts.hidden,
            "other_messages": self.counts.other,
            "bad_lines": self.bad_lines.len(),
            "first_bad_lines": self.bad_lines.iter().take(LINES_SHOWN)
                .map(|bad| json!({"line": bad.line, "why": bad.why})).collect::<Vec<_>>(),
            "orders": self.orders,
            "seconds": self.took.as_secs_f64(),
            "orders_per_second": self.per_second(),
            "refused": self.refused,
            "executions": self.hits.as_ref().map(|hits| json!({
                "known": hits.known, "exact": hits.exact, "share": hits.share(),
                "first_missed_lines": hits.missed_lines })),
            "executions_missing": self.hits_missing,
            "book": self.agreement.as_ref().map(|book| json!({
                "levels": book.levels, "steps": book.steps, "equal": book.equal,
                "best_equal": book.best_equal,
                "first_differing_lines": book.differing_lines })),
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = &self.counts;
        writeln!(f, "messages played           {:>10}", counts.played)?;
        writeln!(f, "  of unknown orders       {:>10}  skipped", counts.unknown)?;
        writeln!(f, "  of orders refused before{:>10}  skipped", counts.refused_before)?;
        writeln!(f, "  hidden executions       {:>10}  skipped", counts.hidden)?;
        writeln!(f, "  halts and crosses       {:>10}  skipped", counts.other)?;
        writeln!(f, "lines that are no message {:>10}", self.bad_lines.len())?;
        for bad in self.bad_lines.iter().take(LINES_SHOWN) {
            writeln!(f, "  line {}: {}", bad.line, bad.why)?;
        }
        writeln!(
            f,
            "orders                    {:>10}  in {:.1} s: {:.0} orders/s",
            self.orders,
            self.took.as_secs_f64(),
            self.per_second()
        )?;
        for (code, count) in &self.refused {
            writeln!(f, "  refused                 {count:>10}  {code}")?;
        }
        match (&self.hits, &self.hits_missing) {
            (Some(hits), _) => {
                writeln!(
                    f,
                    "executions, known order   {:>10}  {} ({:.2}%) filled that very order",
                    hits.known,
                    hits.exact,
                    hits.share() * 100.0
                )?;
                writeln!(
                    f,
                    "  levels entered anew     {:>10}  the data executed an order behind others",
                    counts.entered_anew
                )?;
                if !hits.missed_lines.is_empty() {
                    writeln!(f, "  first others at lines   {:?}", hits.missed_lines)?;
                }
            }
            (None, Some(why)) => writeln!(f, "executions: not compared: {why}")?,
            (None, None) => {}
        }
        if let Some(book) = &self.agreement {
            writeln!(
                f,
                "book, levels 1 to {:<2}      {:>10}  steps, {} equal; best level equal in {}",
                book.levels, book.steps, book.equal, book.best_equal
            )?;
            if !book.differing_lines.is_empty() {
                writeln!(f, "  first others at lines   {:?}", book.differing_lines)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_very_order_with_the_very_size_is_a_hit() {
        let execution = |line, expected: &str, size, seq| Execution {
            line,
            expected: expected.into(),
            size,
            seq,
        };
        let fills = HashMap::from([
            (10, vec![("7".to_owned(), 100)]),
            (11, vec![("8".to_owned(), 50)]),
            (12, vec![("9".to_owned(), 30)]),
            (13, vec![("9".to_owned(), 30), ("10".to_owned(), 20)]),
        ]);
        let executions = [
            execution(1, "7", 100, Some(10)),
            execution(2, "7", 50, Some(11)),
            execution(3, "9", 50, Some(12)),
            execution(4, "9", 30, Some(13)),
            execution(5, "9", 30, Some(99)),
            execution(6, "9", 30, None),
        ];
        let hits = Hits::count(&executions, &fills);
        assert_eq!((hits.known, hits.exact), (6, 1));
        assert_eq!(hits.missed_lines, [2, 3, 4, 5, 6]);
        assert_eq!(Hits::default().share(), 1.0);
    }

    #[test]
    fn the_report_says_the_same_to_people_and_scripts() {
        let mut agreement = Agreement { levels: 9, ..Agreement::default() };
        agreement.note(2, true, true);
        agreement.note(3, false, true);
        let report = Report {
            orders: 500,
            took: Duration::from_millis(250),
            bad_lines: vec![BadLine { line: 4, why: "size 0".into() }],
            hits: Some(Hits { known: 200, exact: 199, missed_lines: vec![9] }),
            agreement: Some(agreement),
            ..Report::default()
        };
        let text = report.to_string();
        for part in ["2000 orders/s", "199 (99.50%)", "line 4: size 0", "2  steps, 1 equal", "[9]"]
        {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
        let json = report.json();
        assert_eq!(json["executions"]["share"], 0.995);
        assert_eq!(json["book"]["equal"], 1);
        assert_eq!(json["book"]["best_equal"], 2);
        assert_eq!(json["orders_per_second"], 2000.0);
    }
}
