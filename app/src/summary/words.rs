//! The summary for people.

use std::fmt::Write;

use super::{DaySummary, Line};

/// Names of the auctions in the order of the day; what is not named here follows by its code.
const AUCTIONS: [(&str, &str); 5] = [
    ("opening", "opening (yoritsuki)"),
    ("morning_close", "morning close (zenbike)"),
    ("afternoon_opening", "afternoon opening (goyori)"),
    ("closing", "closing (obike)"),
    ("quote", "out of quotes (kehai)"),
];

impl DaySummary {
    /// The whole summary as text.
    // Writing to a String cannot fail.
    pub fn in_words(&self) -> String {
        let mut out = String::new();
        let day = format!("{:08}", self.day);
        let _ = writeln!(out, "\nTrading day {}-{}-{}", &day[..4], &day[4..6], &day[6..]);
        let _ = writeln!(
            out,
            "  {} instruments, {} traded; {} commands, {} orders, {} amendments, {} cancels, {} \
             expired",
            grouped(self.instruments as i64),
            grouped(self.traded as i64),
            grouped(self.commands as i64),
            grouped(self.orders as i64),
            grouped(self.amended as i64),
            grouped(self.cancelled as i64),
            grouped(self.expired as i64),
        );
        self.auctions_in_words(&mut out);
        self.quotes_in_words(&mut out);
        self.orders_in_words(&mut out);
        lines(&mut out, "Most traded", &self.most_traded);
        lines(&mut out, "Greatest rises", &self.gainers);
        lines(&mut out, "Greatest falls", &self.losers);
        let _ = writeln!(out, "\n  State {:016x} after {} commands", self.state_hash, self.seq);
        out
    }

    fn auctions_in_words(&self, out: &mut String) {
        let heads = ["priced", "stop", "special", "unpriced", "empty"];
        let _ = write!(out, "\n  {:<27}", "Auctions");
        for head in heads {
            let _ = write!(out, "{head:>9}");
        }
        let _ = writeln!(out, "{:>16}{:>22}", "shares", "yen");
        let named = AUCTIONS.iter().map(|(code, name)| (*code, *name));
        let others = self.auctions.keys().map(|code| (*code, *code));
        let others = others.filter(|(code, _)| AUCTIONS.iter().all(|(known, _)| known != code));
        for (code, name) in named.chain(others) {
            let Some(line) = self.auctions.get(code) else { continue };
            let _ = write!(out, "  {name:<27}");
            let ends = [
                line.priced,
                line.stop_allocation,
                line.special_execution,
                line.unpriced,
                line.empty,
            ];
            for count in ends {
                let _ = write!(out, "{:>9}", grouped(count as i64));
            }
            let _ = writeln!(out, "{:>16}{:>22}", grouped(line.shares), grouped(line.yen));
        }
        for (name, volume) in
            [("continuous (zaraba)", self.continuous), ("the whole day", self.total)]
        {
            let trades = format!("{} trades", grouped(volume.trades as i64));
            let (shares, yen) = (grouped(volume.shares), grouped(volume.yen));
            let _ = writeln!(out, "  {name:<27}{trades:>45}{shares:>16}{yen:>22}");
        }
    }

    fn quotes_in_words(&self, out: &mut String) {
        out.push('\n');
        for (name, quotes) in [
            ("Special quotes (tokubetsu kehai)", self.special_quotes),
            ("Sequential quotes (renzoku kehai)", self.sequential_quotes),
        ] {
            let (minutes, seconds) = (quotes.longest_seconds / 60, quotes.longest_seconds % 60);
            let _ = writeln!(
                out,
                "  {name:<35}{}, renewed {} times, the longest {minutes}:{seconds:02} min",
                grouped(quotes.count as i64),
                grouped(quotes.renewals as i64),
            );
        }
        let _ =
            writeln!(out, "  {:<35}{}", "Without a price at the close", self.unresolved_at_close);
        for (name, limit) in
            [("Limit up (stop-daka)", self.limit_up), ("Limit down (stop-yasu)", self.limit_down)]
        {
            let _ = writeln!(
                out,
                "  {name:<35}{} touched, {} closed there",
                limit.touched, limit.closed
            );
        }
        let _ = writeln!(out, "  {:<35}{}", "Short-sale price rule set off", self.short_sale_rule);
    }

    fn orders_in_words(&self, out: &mut String) {
        let _ = writeln!(out, "\n  Conditions");
        for (name, line) in &self.conditions {
            let word = match *name {
                "opening" => "opening only (yoritsuki)",
                "closing" => "on close (hike)",
                "funari" => "funari",
                "morning_closing" => "on the morning's close",
                "morning_funari" => "funari of the morning",
                other => other,
            };
            let _ = writeln!(
                out,
                "    {word:<33}{} orders, {} executed, {} not",
                grouped(line.orders as i64),
                grouped(line.executed as i64),
                grouped(line.unexecuted as i64)
            );
        }
        let c = self.contingent;
        let _ = writeln!(
            out,
            "  Stop kinds: {} stop, {} OCO, {} if-done; {} set off, {} second orders active",
            c.stop, c.oco, c.if_done, c.triggered, c.activated
        );
        for (desk, volume) in &self.odd_lots {
            let _ = writeln!(
                out,
                "  Odd lots, {desk:<24}{} fills, {} shares, {} yen",
                grouped(volume.trades as i64),
                grouped(volume.shares),
                grouped(volume.yen)
            );
        }
        if !self.refused.is_empty() {
            let _ = writeln!(out, "  Refused");
            for (code, count) in &self.refused {
                let _ = writeln!(out, "    {code:<33}{}", grouped(*count as i64));
            }
        }
    }
}

fn lines(out: &mut String, title: &str, lines: &[Line]) {
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(
        out,
        "\n  {title:<30}{:>10}{:>10}{:>10}{:>10}{:>10}{:>9}{:>14}{:>20}",
        "base", "open", "high", "low", "close", "%", "shares", "yen"
    );
    for line in lines {
        let name: String = line.name.chars().take(22).collect();
        let _ = writeln!(
            out,
            "  {:<6}{name:<24}{:>10}{:>10}{:>10}{:>10}{:>10}{:>+9.2}{:>14}{:>20}",
            line.symbol,
            line.base,
            line.open,
            line.high,
            line.low,
            line.close,
            line.percent,
            grouped(line.volume.shares),
            grouped(line.volume.yen)
        );
    }
}

/// A number with its thousands apart.
fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if number < 0 { format!("-{out}") } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_apart() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(-1_234_567), "-1,234,567");
    }
}
