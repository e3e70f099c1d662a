//! LOBSTER message files: seconds after midnight, type, order id, size, price x 10000,
//! direction of the resting order. Parsing only; what a message means to a venue is the
//! player's business.

use std::io::BufRead;

use crate::tools::decimal;

/// LOBSTER prices are counts of 10^-4 dollars.
pub const PRICE_DIGITS: u8 = 4;

/// What a message reports.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// 1: a new limit order.
    New,
    /// 2: part of an order was cancelled.
    PartialCancel,
    /// 3: an order was deleted.
    Delete,
    /// 4: a visible order was executed.
    Execute,
    /// 5: a hidden order was executed.
    ExecuteHidden,
    /// 6: a cross trade (auction).
    Cross,
    /// 7: a trading halt indicator.
    Halt,
}

/// One line of a message file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Message {
    /// Line in the file, from 1.
    pub line: u64,
    /// Nanoseconds after midnight.
    pub at_ns: i64,
    /// What happened.
    pub kind: Kind,
    /// The data's order number.
    pub order: u64,
    /// Shares.
    pub size: i64,
    /// Counts of 10^-4 dollars.
    pub price: i64,
    /// Whether the resting order buys.
    pub buy: bool,
}

/// A line that is no message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// Line in the file, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub why: String,
}

/// Reads a message file; empty lines are skipped, lines that are no message are told apart.
///
/// # Errors
/// When reading fails.
pub fn read(reader: impl BufRead) -> std::io::Result<(Vec<Message>, Vec<BadLine>)> {
    let (mut messages, mut bad) = (Vec::new(), Vec::new());
    for (index, line) in reader.split(b'\n').enumerate() {
        let line = line?;
        let number = index as u64 + 1;
        let text = String::from_utf8_lossy(&line);
        let text = text.trim();
        if text.is_empty() {
            continue;
        }
        match parse(number, text) {
            Ok(message) => messages.push(message),
            Err(why) => bad.push(BadLine { line: number, why }),
        }
    }
    Ok((messages, bad))
}

fn parse(line: u64, text: &str) -> Result<Message, String> {
    let fields: Vec<&str> = text.split(',').map(str::trim).collect();
    // Some distributions append a column with market participants.
    let &[at, kind, order, size, price, direction, ..] = fields.as_slice() else {
        return Err(format!("{} columns, not 6", fields.len()));
    };
    // Some lines carry more digits than nanoseconds have.
    let at_cut = at.find('.').and_then(|point| at.get(..point + 10)).unwrap_or(at);
    let at_ns = decimal::parse(at_cut, 9)
        .filter(|at| (0..86_400_000_000_000).contains(at))
        .ok_or_else(|| format!("time {at:?} is not seconds after midnight"))?;
    let kind = match kind {
        "1" => Kind::New,
        "2" => Kind::PartialCancel,
        "3" => Kind::Delete,
        "4" => Kind::Execute,
        "5" => Kind::ExecuteHidden,
        "6" => Kind::Cross,
        "7" => Kind::Halt,
        other => return Err(format!("type {other:?} is not 1 to 7")),
    };
    let order = order.parse().map_err(|_| format!("order id {order:?} is no number"))?;
    let whole = |name, text: &str| {
        text.parse::<i64>().map_err(|_| format!("{name} {text:?} is no whole number"))
    };
    let (size, price) = (whole("size", size)?, whole("price", price)?);
    // A halt's price is a flag (-1, 0, 1) and its size zero.
    if kind != Kind::Halt && !(1..=1_000_000_000).contains(&size) {
        return Err(format!("size {size} is not from 1 to 1000000000"));
    }
    if kind != Kind::Halt && !(1..=1_000_000_000_000).contains(&price) {
        return Err(format!("price {price} is not from 1 to 1000000000000"));
    }
    let buy = match direction {
        "1" => true,
        "-1" => false,
        other => return Err(format!("direction {other:?} is not 1 or -1")),
    };
    Ok(Message { line, at_ns, kind, order, size, price, buy })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_as_the_data_says() {
        let file = "34200.004241176,1,16113575,18,5853300,1\r\n\
                    34201,4,16113575,18,5853300,-1\n\n\
                    34202.5,7,0,0,-1,-1\n";
        let (messages, bad) = read(file.as_bytes()).unwrap();
        assert_eq!(bad, []);
        assert_eq!(
            messages[0],
            Message {
                line: 1,
                at_ns: 34_200_004_241_176,
                kind: Kind::New,
                order: 16_113_575,
                size: 18,
                price: 5_853_300,
                buy: true
            }
        );
        assert!(!messages[1].buy);
        let (finer, bad) = read(&b"35821.088778456004,1,1,10,5853300,1\n"[..]).unwrap();
        assert_eq!((finer[0].at_ns, bad.len()), (35_821_088_778_456, 0), "cut to nanoseconds");
        assert_eq!((messages[2].line, messages[2].kind), (4, Kind::Halt));
    }

    #[test]
    fn rubbish_lines_are_counted_with_number_and_reason() {
        let cases = [
            ("", None),
            ("34200.1,1,1,0,5853300,1", Some("size 0")),
            ("34200.1,1,1,-5,5853300,1", Some("size -5")),
            ("34200.1,1,1,99999999999,5853300,1", Some("size 99999999999")),
            ("34200.1,1,1,10,0,1", Some("price 0")),
            ("34200.1,1,1,10,-9999999999,1", Some("price -9999999999")),
            ("34200.1,9,1,10,5853300,1", Some("type \"9\"")),
            ("34200.1,1,x,10,5853300,1", Some("order id \"x\"")),
            ("34200.1,1,1,1e3,5853300,1", Some("size \"1e3\"")),
            ("34200.1,1,1,10,585.33,1", Some("price \"585.33\"")),
            ("34200.1,1,1,10,5853300,0", Some("direction \"0\"")),
            ("99999,1,1,10,5853300,1", Some("time \"99999\"")),
            ("noon,1,1,10,5853300,1", Some("time \"noon\"")),
            ("34200.1,1,1", Some("3 columns")),
            ("\u{fffd}\u{fffd}", Some("1 columns")),
        ];
        for (text, why) in cases {
            let file = format!("34200,1,1,10,5853300,1\n{text}\n34200,1,2,10,5853300,1\n");
            let (messages, bad) = read(file.as_bytes()).unwrap();
            assert_eq!(messages.len(), 2, "the good lines around it stay: {text}");
            match why {
                None => assert_eq!(bad, []),
                Some(why) => {
                    assert_eq!(bad[0].line, 2);
                    assert!(bad[0].why.contains(why), "{text}: {}", bad[0].why);
                }
            }
        }
        let (messages, bad) = read(&b"\xff\xfe,1\n"[..]).unwrap();
        assert_eq!((messages.len(), bad.len()), (0, 1), "not UTF-8");
    }
}
