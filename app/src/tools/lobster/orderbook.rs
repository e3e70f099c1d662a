//! LOBSTER order book files: per level ask price, ask size, bid price, bid size after the
//! message of the same row.

use std::io::BufRead;

use anyhow::{Context, Result, bail};

/// Levels of one side, best first: price in 10^-4 dollars and size.
pub type Levels = Vec<(i64, i64)>;

/// The book after one message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// Highest first.
    pub bids: Levels,
    /// Lowest first.
    pub asks: Levels,
}

/// Reads an order book file: the rows, and how many levels a row has room for.
///
/// # Errors
/// When reading fails or a row is not four numbers per level.
pub fn read(reader: impl BufRead) -> Result<(Vec<Row>, usize)> {
    let (mut rows, mut depth) = (Vec::new(), 0);
    for (index, line) in reader.lines().enumerate() {
        let line = line.context("the order book file is no text")?;
        if line.trim().is_empty() {
            continue;
        }
        let row = parse(line.trim())
            .with_context(|| format!("line {} of the order book file", index + 1))?;
        depth = line.split(',').count() / 4;
        rows.push(row);
    }
    Ok((rows, depth))
}

fn parse(line: &str) -> Result<Row> {
    let numbers: Vec<i64> = line
        .split(',')
        .map(|field| field.trim().parse().with_context(|| format!("{field:?} is no number")))
        .collect::<Result<_>>()?;
    if numbers.is_empty() || !numbers.len().is_multiple_of(4) {
        bail!("{} columns are not four per level", numbers.len());
    }
    let mut row = Row::default();
    for level in numbers.chunks_exact(4) {
        let (ask, ask_size, bid, bid_size) = (level[0], level[1], level[2], level[3]);
        // 9999999999 and -9999999999 mean that there is no such level.
        if ask_size > 0 && (1..9_999_999_999).contains(&ask) {
            row.asks.push((ask, ask_size));
        }
        if bid_size > 0 && bid > 0 {
            row.bids.push((bid, bid_size));
        }
    }
    Ok(row)
}

impl Row {
    /// Whether the best `levels` levels of both sides are the same.
    pub fn agrees(&self, other: &Row, levels: usize) -> bool {
        fn top(side: &Levels, levels: usize) -> &[(i64, i64)] {
            &side[..side.len().min(levels)]
        }
        top(&self.bids, levels) == top(&other.bids, levels)
            && top(&self.asks, levels) == top(&other.asks, levels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_leave_out_levels_that_are_not_there() {
        let file = "5859400,200,5853300,18,9999999999,0,5853000,150\n\
                    5859400,200,-9999999999,0,5859800,7,-9999999999,0\n";
        let (rows, depth) = read(file.as_bytes()).unwrap();
        assert_eq!(depth, 2);
        assert_eq!(rows[0].asks, [(5_859_400, 200)]);
        assert_eq!(rows[0].bids, [(5_853_300, 18), (5_853_000, 150)]);
        assert_eq!(rows[1].bids, []);
        assert!(read(&b"1,2,3\n"[..]).is_err());
        assert!(read(&b"1,2,3,x\n"[..]).is_err());
    }

    #[test]
    fn agreement_is_about_the_best_levels_only() {
        let row = |bids: &[(i64, i64)]| Row { bids: bids.to_vec(), asks: vec![(10, 1)] };
        let ours = row(&[(9, 1), (8, 1), (7, 1)]);
        assert!(ours.agrees(&row(&[(9, 1), (8, 1), (7, 2)]), 2));
        assert!(!ours.agrees(&row(&[(9, 1), (8, 1), (7, 2)]), 3));
        assert!(!ours.agrees(&row(&[(9, 1)]), 2), "a missing level is a difference");
    }
}
