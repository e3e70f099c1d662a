//! How the cost of each kind of command grows with accounts, live orders, price levels, orders
//! of one level and orders of one account. Nothing may grow faster than a logarithm.

use std::time::Duration;

use zaraba_engine::command::{Amend, Cancel, Place, Via};
use zaraba_engine::types::*;
use zaraba_engine::{Command, Event};

use crate::measure::cpu_time;
use crate::stream::{MIDDLE, Numbers, Shape, World, text};

/// Commands of one kind in a row.
const ROUND: usize = 2_000;
/// Rounds of one figure, and before it.
const ROUNDS: usize = 20;
const WARM_UP: usize = 5;
/// The kinds, in order of the columns.
const KINDS: [&str; 4] = ["add", "amend", "cancel", "take"];

/// One curve: what grows, its sizes, and the cost of each kind at each size.
pub struct Curve {
    pub title: &'static str,
    pub points: Vec<(f64, [f64; 4])>,
}

/// A book of steady size, and who has which order in it.
struct Mill {
    world: World,
    numbers: Numbers,
    orders: Vec<(AccountId, OrderId)>,
    accounts: u32,
    levels: u64,
    serial: u64,
}

impl Mill {
    fn new(live: usize, levels: u64, accounts: u32) -> Mill {
        let shape = Shape { live, levels, accounts, answers: 100_000, commands: 0 };
        let mut mill = Mill {
            world: World::new(&shape),
            numbers: Numbers(5),
            orders: Vec::with_capacity(live + ROUND),
            accounts,
            levels,
            serial: 0,
        };
        while mill.orders.len() < live {
            let commands = mill.adds(ROUND.min(live - mill.orders.len()));
            mill.apply(&commands);
        }
        mill
    }

    fn price(&mut self, buy: bool) -> i64 {
        let away = 2 + self.numbers.below(self.levels) as i64;
        if buy { MIDDLE - away } else { MIDDLE + away }
    }

    fn place(&mut self, side: Side, price: i64, quantity: i64, tif: TimeInForce) -> Command {
        let account = AccountId(4 + self.numbers.below(u64::from(self.accounts)) as u32);
        self.serial += 1;
        let client_id = text(&format!("client-{:020}", self.serial));
        let (price, quantity) = (Price(price), Quantity(quantity));
        let place = Place::limit(account, InstrumentId(0), side, price, quantity, client_id);
        Command::Place(Place { time_in_force: tif, ..place })
    }

    fn adds(&mut self, count: usize) -> Vec<Command> {
        // One level is one side's.
        let both = self.levels > 1;
        let add = |mill: &mut Mill| {
            let buy = both && mill.numbers.below(2) == 0;
            let (price, quantity) = (mill.price(buy), 1 + mill.numbers.below(10) as i64);
            let side = if buy { Side::Buy } else { Side::Sell };
            mill.place(side, price, quantity, TimeInForce::Gtc)
        };
        (0..count).map(|_| add(self)).collect()
    }

    /// Times one round of each kind.
    fn round(&mut self) -> [Duration; 4] {
        let adds = self.adds(ROUND);
        let add = self.apply(&adds);
        let amends: Vec<_> = (0..ROUND).map(|_| self.amend()).collect();
        let amend = self.apply(&amends);
        let cancels: Vec<_> = (0..ROUND).map(|_| self.cancel()).collect();
        let cancel = self.apply(&cancels);
        let inside: Vec<_> =
            (0..ROUND).map(|_| self.place(Side::Sell, MIDDLE, 1, TimeInForce::Gtc)).collect();
        self.apply(&inside);
        self.orders.truncate(self.orders.len() - ROUND);
        let takes: Vec<_> =
            (0..ROUND).map(|_| self.place(Side::Buy, MIDDLE, 1, TimeInForce::Ioc)).collect();
        [add, amend, cancel, self.apply(&takes)]
    }

    /// To a price of the same side, so that it has to be queued anew.
    fn amend(&mut self) -> Command {
        let at = self.numbers.below(self.orders.len() as u64) as usize;
        let (account, order) = self.orders[at];
        let state = self.world.engine.order(order).expect("live");
        let price = Price(self.price(state.side == Side::Buy));
        // A price of its own would change nothing; with one level its quantity changes.
        let same = price == state.price;
        let quantity = Quantity(if same { (state.quantity.0 - 1).max(1) } else { 0 });
        let (condition, via, key) = (None, Via::Rest, 0);
        Command::Amend(Amend { account, order, price, quantity, condition, via, key })
    }

    fn cancel(&mut self) -> Command {
        let at = self.numbers.below(self.orders.len() as u64) as usize;
        let (account, order) = self.orders.swap_remove(at);
        Command::Cancel(Cancel { account, order, via: Via::Rest, key: 0 })
    }

    /// Applies commands and notes the orders that rest.
    fn apply(&mut self, commands: &[Command]) -> Duration {
        let started = cpu_time();
        for (i, command) in commands.iter().enumerate() {
            self.world.engine.look_ahead(i, |i| commands.get(i));
            self.world.apply(command);
            if let (Command::Place(place), Event::Accepted { order, .. }) =
                (command, &self.world.events[0])
                && place.time_in_force == TimeInForce::Gtc
            {
                self.orders.push((place.account, *order));
            }
        }
        cpu_time() - started
    }

    fn cost(mut self) -> [f64; 4] {
        (0..WARM_UP).for_each(|_| _ = self.round());
        let rounds: Vec<_> = (0..ROUNDS).map(|_| self.round()).collect();
        std::array::from_fn(|kind| {
            let mut times: Vec<_> = rounds.iter().map(|round| round[kind]).collect();
            times.sort_unstable();
            times[ROUNDS / 2].as_nanos() as f64 / ROUND as f64
        })
    }
}

fn curve<const N: usize>(
    title: &'static str,
    sizes: [usize; N],
    mill: impl Fn(usize) -> Mill,
) -> Curve {
    println!("\n| {title} | {} |\n|---|---|---|---|---|", KINDS.join(" | "));
    let points = sizes.map(|size| {
        let cost = mill(size).cost();
        println!("| {size} | {} |", cost.map(|ns| format!("{ns:.0} ns")).join(" | "));
        (size as f64, cost)
    });
    Curve { title, points: points.to_vec() }
}

pub fn run(svg: Option<&str>) {
    let curves = [
        curve("accounts (10,000 live orders)", [1_000, 10_000, 100_000, 1_000_000], |n| {
            Mill::new(10_000, 100, n as u32)
        }),
        curve(
            "live orders (100,000 accounts)",
            [1_000, 10_000, 100_000, 1_000_000, 10_000_000],
            |n| Mill::new(n, 1_000, 100_000),
        ),
        curve(
            "price levels per side (1,000,000 live orders)",
            [10, 100, 1_000, 10_000, 100_000, 900_000],
            |n| Mill::new(1_000_000, n as u64, 100_000),
        ),
        curve("orders of one level", [1_000, 10_000, 100_000, 1_000_000], |n| {
            Mill::new(n, 1, 100_000)
        }),
        curve("orders of one account", [1_000, 10_000, 100_000], |n| Mill::new(n, 1_000, 1)),
    ];
    if let Some(path) = svg {
        std::fs::write(path, draw(&curves)).expect("the picture can be written");
    }
}

/// The curves as a picture: one panel each, sizes on a logarithmic axis, cost from zero.
fn draw(curves: &[Curve]) -> String {
    const COLOURS: [&str; 4] = ["#0017c1", "#259063", "#b58900", "#cc3b3b"];
    let (width, height, left, gap) = (260.0, 150.0, 44.0, 70.0);
    let most = curves.iter().flat_map(|c| &c.points).flat_map(|p| p.1).fold(0.0, f64::max);
    let top = (most / 100.0).ceil() * 100.0;
    let columns = 2.0;
    let rows = (curves.len() as f64 / columns).ceil();
    let (all_width, all_height) = (columns * (width + gap) + left, rows * (height + gap) + 40.0);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {all_width} {all_height}\" \
         font-family=\"sans-serif\" font-size=\"11\">\n<rect width=\"100%\" height=\"100%\" \
         fill=\"white\"/>\n"
    );
    for (kind, colour) in COLOURS.iter().enumerate() {
        let x = left + kind as f64 * 90.0;
        let name = KINDS[kind];
        svg += &format!("<text x=\"{x}\" y=\"18\" fill=\"{colour}\">{name} (ns)</text>\n");
    }
    for (i, curve) in curves.iter().enumerate() {
        let x0 = left + (i % 2) as f64 * (width + gap);
        let y0 = 50.0 + (i / 2) as f64 * (height + gap);
        let (first, last) = (curve.points[0].0.log10(), curve.points[curve.points.len() - 1].0);
        let x = |size: f64| x0 + (size.log10() - first) / (last.log10() - first) * width;
        let y = |ns: f64| y0 + height - ns / top * height;
        svg += &format!("<text x=\"{x0}\" y=\"{}\">{}</text>\n", y0 - 6.0, curve.title);
        svg += &format!(
            "<path d=\"M{x0} {y0}V{}H{}\" fill=\"none\" stroke=\"#555\"/>\n",
            y0 + height,
            x0 + width
        );
        for part in [0.0, 0.5, 1.0] {
            let (at, ns) = (y(top * part) + 4.0, top * part);
            svg +=
                &format!("<text x=\"{}\" y=\"{at}\" text-anchor=\"end\">{ns}</text>\n", x0 - 4.0);
        }
        for (size, _) in &curve.points {
            let at = x(*size);
            let below = y0 + height + 14.0;
            let label = format!("10^{:.1}", size.log10()).replace(".0", "");
            svg += &format!(
                "<text x=\"{at:.0}\" y=\"{below}\" text-anchor=\"middle\">{label}</text>\n"
            );
        }
        for (kind, colour) in COLOURS.iter().enumerate() {
            let line: Vec<_> = curve
                .points
                .iter()
                .map(|(size, cost)| format!("{:.1},{:.1}", x(*size), y(cost[kind])))
                .collect();
            let line = line.join(" ");
            svg += &format!(
                "<polyline points=\"{line}\" fill=\"none\" stroke=\"{colour}\" \
                 stroke-width=\"1.5\"/>\n"
            );
        }
    }
    svg + "</svg>\n"
}
