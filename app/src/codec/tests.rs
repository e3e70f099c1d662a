use proptest::prelude::*;
use zaraba_engine::command::{
    Bound, Correction, FEE_TIERS_MAX, FeeTier, FeeTiers, Limits, Provenance, RiskLimits, TradeTerms,
};
use zaraba_engine::instrument::{InstrumentSpec, TickRule};
use zaraba_engine::types::Text;

use super::*;

fn text<const N: usize>() -> impl Strategy<Value = Text<N>> {
    // Any UTF-8, cut to what fits, multi-byte characters included.
    any::<String>().prop_map(|s| {
        let mut end = s.len().min(N);
        while !s.is_char_boundary(end) {
            end -= 1;
        }
        Text::new(&s[..end]).unwrap()
    })
}

fn one<T: Clone + std::fmt::Debug + 'static>(values: &[T]) -> impl Strategy<Value = T> + use<T> {
    prop::sample::select(values.to_vec())
}

/// Also with texts of zero bytes, which nothing keeps out of the engine.
fn long<const N: usize>() -> impl Strategy<Value = Text<N>> {
    prop_oneof![
        text(),
        (0..=N, one(&['x', '\0'])).prop_map(|(n, c)| Text::new(&c.to_string().repeat(n)).unwrap())
    ]
}

fn provenance() -> impl Strategy<Value = Box<Provenance>> {
    (long(), long(), long(), long()).prop_map(|(actor, approver, request, reason)| {
        Box::new(Provenance { actor, approver, request, reason })
    })
}

fn via_any() -> impl Strategy<Value = Via> {
    one(&[Via::Rest, Via::Stream, Via::Admin, Via::System])
}

fn trading() -> impl Strategy<Value = Command> {
    let place = (
        (any::<u32>(), any::<u32>(), one(&[Side::Buy, Side::Sell])),
        one(&[OrderKind::Limit, OrderKind::Market]),
        one(&[TimeInForce::Gtc, TimeInForce::Day, TimeInForce::Ioc, TimeInForce::Fok]),
        (any::<bool>(), any::<i64>(), any::<i64>(), text(), via_any(), any::<u32>()),
    )
        .prop_map(
            |((a, i, side), kind, time_in_force, (post_only, price, quantity, id, via, key))| {
                Command::Place(Place {
                    account: AccountId(a),
                    instrument: InstrumentId(i),
                    side,
                    kind,
                    time_in_force,
                    post_only,
                    price: Price(price),
                    quantity: Quantity(quantity),
                    client_id: id,
                    via,
                    key,
                    condition: Condition::Any,
                    self_trade: SelfTrade::Allow,
                    short: ShortSale::Long,
                    by_amount: false,
                })
            },
        );
    let amend = (any::<u32>(), any::<u64>(), any::<i64>(), any::<i64>(), via_any(), any::<u32>())
        .prop_map(|(account, order, price, quantity, via, key)| {
            Command::Amend(Amend {
                account: AccountId(account),
                order: OrderId(order),
                price: Price(price),
                quantity: Quantity(quantity),
                via,
                key,
                condition: None,
            })
        });
    let cancel = (any::<u32>(), any::<u64>(), via_any(), any::<u32>()).prop_map(
        |(account, order, via, key)| {
            Command::Cancel(Cancel { account: AccountId(account), order: OrderId(order), via, key })
        },
    );
    let many = (
        any::<Option<u32>>(),
        any::<Option<u32>>(),
        prop::option::of(one(&[Side::Buy, Side::Sell])),
        any::<(Option<u16>, u64, i64)>(),
        via_any(),
        any::<u32>(),
    )
        .prop_map(|(account, instrument, side, (group, from, price), via, key)| {
            Command::CancelMany(CancelMany {
                price: Price(price),
                account: account.map(AccountId),
                instrument: instrument.map(InstrumentId),
                group: group.map(GroupId),
                side,
                via,
                key,
                from: OrderId(from),
            })
        });
    let transfer = (
        one(&[TransferKind::Deposit, TransferKind::Withdraw, TransferKind::Adjust]),
        any::<u32>(),
        any::<u32>(),
        any::<i64>(),
        text(),
        provenance(),
    )
        .prop_map(|(kind, account, asset, amount, reference, by)| Command::Transfer {
            transfer: Transfer {
                kind,
                account: AccountId(account),
                asset: AssetId(asset),
                amount: Amount(amount),
                reference,
            },
            by,
        });
    prop_oneof![place, amend, cancel, many, transfer]
}

fn instrument() -> impl Strategy<Value = Command> {
    (
        (text(), text(), one(&[Profile::Tse, Profile::Crypto]), any::<u32>(), any::<u32>()),
        (any::<u8>(), any::<u8>()),
        prop_oneof![
            any::<i64>().prop_map(|t| TickRule::Fixed(Price(t))),
            Just(TickRule::TseTopix500),
            Just(TickRule::TseOther)
        ],
        any::<[i64; 6]>(),
        (any::<u32>(), any::<i32>(), any::<i32>(), any::<u32>()),
    )
        .prop_map(|((symbol, name, profile, base, quote), digits, ticks, n, fees)| {
            Command::CreateInstrument(Box::new(InstrumentSpec {
                symbol,
                name,
                profile,
                base_asset: AssetId(base),
                quote_asset: AssetId(quote),
                price_digits: digits.0,
                quantity_digits: digits.1,
                ticks,
                lot: Quantity(n[0]),
                min_quantity: Quantity(n[1]),
                max_quantity: Quantity(n[2]),
                base_price: Price(n[3]),
                limit_down: Price(n[4]),
                limit_up: Price(n[5]),
                market_band_ppm: fees.0,
                maker_fee_ppm: fees.1,
                taker_fee_ppm: fees.2,
                open_order_cap: fees.3,
                session_rules: false,
                listed_shares: Quantity(0),
                market_min_quantity: Quantity(0),
                market_max_quantity: Quantity(0),
            }))
        })
}

fn reference() -> impl Strategy<Value = Command> {
    let genesis = (any::<[u32; 6]>(), any::<[u64; 2]>()).prop_map(|(n, hash_seed)| {
        let limits = Limits {
            accounts: n[0],
            instruments: n[1],
            assets: n[2],
            live_orders: n[3],
            answers: n[4],
            balances: n[5],
        };
        Command::Genesis { limits, hash_seed }
    });
    let asset = (text(), any::<u8>())
        .prop_map(|(code, exponent)| Command::CreateAsset(AssetSpec { code, exponent }));
    let account = text().prop_map(|code| Command::CreateAccount { code });
    let account_status = (
        any::<u32>(),
        one(&[AccountStatus::Active, AccountStatus::Suspended, AccountStatus::Closed]),
        provenance(),
    )
        .prop_map(|(account, status, by)| Command::SetAccountStatus {
            account: AccountId(account),
            status,
            by,
        });
    let instrument_status = (
        any::<u32>(),
        one(&[InstrumentStatus::Open, InstrumentStatus::Halted, InstrumentStatus::Closed]),
        provenance(),
    )
        .prop_map(|(instrument, status, by)| Command::SetInstrumentStatus {
            instrument: InstrumentId(instrument),
            status,
            by,
        });
    let limits = (any::<u32>(), any::<[i64; 3]>(), provenance()).prop_map(|(i, p, by)| {
        Command::SetPriceLimits {
            instrument: InstrumentId(i),
            base_price: Price(p[0]),
            limit_down: Price(p[1]),
            limit_up: Price(p[2]),
            by,
        }
    });
    let roll = (one(&[Profile::Tse, Profile::Crypto]), any::<u32>())
        .prop_map(|(profile, day)| Command::RollDay { profile, day });
    prop_oneof![
        genesis.boxed(),
        asset.boxed(),
        account.boxed(),
        account_status.boxed(),
        instrument_status.boxed(),
        limits.boxed(),
        roll.boxed(),
        instrument().boxed()
    ]
}

fn participants() -> impl Strategy<Value = Command> {
    let firm = (any::<u32>(), any::<u32>(), provenance()).prop_map(|(account, firm, by)| {
        Command::SetFirm { account: AccountId(account), firm: FirmId(firm), by }
    });
    let group = (any::<u32>(), any::<u16>(), provenance()).prop_map(|(account, group, by)| {
        Command::SetGroup { account: AccountId(account), group: GroupId(group), by }
    });
    let setting =
        (one(&[Profile::Tse, Profile::Crypto]), one(Participants::ALL), provenance()).prop_map(
            |(profile, participants, by)| Command::SetParticipants { profile, participants, by },
        );
    prop_oneof![firm, group, setting]
}

/// The widest of the market's rules, and what has a provenance of its own.
fn rules_of_people() -> impl Strategy<Value = Command> {
    let limits = (any::<[i64; 14]>(), any::<u32>(), provenance(), any::<bool>()).prop_map(
        |(bounds, n, by, zero)| {
            let mut limits = RiskLimits { currency: AssetId(n), ..RiskLimits::default() };
            if !zero {
                for (bound, pair) in limits.bounds.iter_mut().zip(bounds.chunks(2)) {
                    *bound = Bound { soft: pair[0], hard: pair[1] };
                }
            }
            let scope = RiskScope::Account(AccountId(if zero { 0 } else { n }));
            Command::SetRiskLimits { scope, limits: Box::new(limits), by }
        },
    );
    let tiers = (0..=FEE_TIERS_MAX as u8, any::<i64>(), provenance()).prop_map(|(len, n, by)| {
        let mut tiers = FeeTiers { asset: AssetId(0), tiers: Default::default(), len };
        for tier in &mut tiers.tiers[..usize::from(len)] {
            *tier = FeeTier { volume: Amount(n), maker_ppm: n as i32, taker_ppm: 0 };
        }
        Command::SetFeeTiers { tiers: Box::new(tiers), by }
    });
    let kill = (any::<u32>(), any::<bool>(), provenance())
        .prop_map(|(key, on, by)| Command::SetKill { scope: KillScope::Key(key), on, by });
    let anchor = (text(), any::<u64>(), any::<[u8; 32]>(), provenance()).prop_map(
        |(what, count, hash, by)| Command::Anchor {
            anchor: Box::new(Anchor { what, count, hash }),
            by,
        },
    );
    let correct = (any::<[i64; 8]>(), any::<u32>(), any::<bool>(), provenance()).prop_map(
        |(n, id, zero, by)| {
            let n = if zero { [0; 8] } else { n };
            let before = TradeTerms {
                price: Price(n[0]),
                quantity: Quantity(n[1]),
                paid: Amount(n[2]),
                got: Amount(n[3]),
                buyer_fee: Amount(n[4]),
                seller_fee: Amount(n[5]),
            };
            let correction = Correction {
                trade: TradeId(u64::from(id)),
                instrument: InstrumentId(id),
                buyer: AccountId(id),
                seller: AccountId(0),
                before,
                price: Price(n[6]),
                quantity: Quantity(n[7]),
                desk: id % 2 == 0,
            };
            Command::CorrectTrade { correction: Box::new(correction), by }
        },
    );
    prop_oneof![limits.boxed(), tiers.boxed(), kill.boxed(), anchor.boxed(), correct.boxed()]
}

fn any_command() -> impl Strategy<Value = Command> {
    let alone = || {
        prop_oneof![
            participants().boxed(),
            trading().boxed(),
            reference().boxed(),
            rules_of_people().boxed()
        ]
    };
    let given = (alone(), provenance()).prop_map(|(command, by)| command.given_by(*by));
    prop_oneof![3 => alone().boxed(), 1 => given.boxed()]
}

fn encoded(command: &Command) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(command, &mut bytes);
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn every_command_comes_back(command in any_command()) {
        let bytes = encoded(&command);
        prop_assert!(bytes.len() <= MAX_BYTES);
        let zeros = bytes.split(|byte| *byte != 0).map(<[u8]>::len).max();
        prop_assert!(zeros < Some(ZEROS_MAX), "{:?} zeros in a row", zeros);
        prop_assert_eq!(decode(&bytes), Ok(command));
    }

    #[test]
    fn every_prefix_and_every_longer_record_is_refused(command in any_command(), more in 1..9usize) {
        let mut bytes = encoded(&command);
        for length in 0..bytes.len() {
            prop_assert!(decode(&bytes[..length]).is_err(), "{} of {}", length, bytes.len());
        }
        bytes.extend(std::iter::repeat_n(0, more));
        prop_assert_eq!(decode(&bytes), Err(CodecError::Long(more)));
    }

    #[test]
    fn rubbish_never_panics(mut bytes in prop::collection::vec(any::<u8>(), 0..MAX_BYTES), kind in 0..33u8) {
        let _ = decode(&bytes);
        // Most rubbish dies at its kind: get past that as well.
        if bytes.len() > 2 {
            bytes[0] = version_of(kind);
            bytes[1] = kind;
            if let Ok(command) = decode(&bytes) {
                prop_assert_eq!(encoded(&command), bytes);
            }
        }
    }

    #[test]
    fn a_changed_byte_is_refused_or_another_command(
        command in any_command(), at in any::<prop::sample::Index>(), flip in 1..=255u8,
    ) {
        let mut bytes = encoded(&command);
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        if let Ok(other) = decode(&bytes) {
            prop_assert_ne!(other, command);
        }
    }

    #[test]
    fn every_command_is_described_with_its_kind(command in any_command()) {
        prop_assert!(describe(&command)["kind"].is_string());
    }
}

/// The stored form, byte for byte: if this fails, old journals can no longer be read.
#[test]
fn both_versions_of_place_are_these_bytes() {
    let place = Command::Place(Place {
        account: AccountId(7),
        instrument: InstrumentId(258),
        side: Side::Sell,
        kind: OrderKind::Limit,
        time_in_force: TimeInForce::Day,
        post_only: true,
        price: Price(-2),
        quantity: Quantity(100),
        client_id: ClientId::new("a-1").unwrap(),
        via: Via::Stream,
        key: 9,
        condition: Condition::Any,
        self_trade: SelfTrade::Allow,
        short: ShortSale::Long,
        by_amount: false,
    });
    let fields = "09070000000201000001000101feffffffffffffff640000000000000003612d310109000000";
    assert_eq!(decode(&hex::decode(format!("01{fields}")).unwrap()), Ok(place.clone()));
    assert_eq!(hex::encode(encoded(&place)), format!("02{fields}00000000"));
}

/// Who and why as the first journals have it: one person, no second.
#[test]
fn provenance_of_the_first_version_is_read() {
    let bytes = hex::decode("0105070000000102413103522d31026869").unwrap();
    let by = Provenance {
        actor: Text::new("A1").unwrap(),
        approver: Text::EMPTY,
        request: Text::new("R-1").unwrap(),
        reason: Text::new("hi").unwrap(),
    };
    let command = Command::SetAccountStatus {
        account: AccountId(7),
        status: AccountStatus::Suspended,
        by: Box::new(by),
    };
    assert_eq!(decode(&bytes), Ok(command.clone()));
    assert_eq!(hex::encode(encoded(&command)), "020507000000010241310003522d31026869");
    // A mass cancel before it could name a price.
    let many = CancelMany {
        account: None,
        instrument: None,
        side: None,
        group: None,
        price: Price(0),
        from: OrderId(9),
        via: Via::System,
        key: 0,
    };
    let bytes = hex::decode("020c0003000000000900000000000000").unwrap();
    assert_eq!(decode(&bytes), Ok(Command::CancelMany(many)));
}

/// Corrections from before trades of the odd-lot desks had them.
#[test]
fn both_versions_of_a_correction_are_these_bytes() {
    let fields = "0500000000000000010000000400000005000000e803000000000000c800000000000000204e\
         0000000000001f4e0000000000001400000000000000feffffffffffffffe303000000000000\
         6400000000000000";
    let by = "014100000172";
    let correction = Correction {
        trade: TradeId(5),
        instrument: InstrumentId(1),
        buyer: AccountId(4),
        seller: AccountId(5),
        before: TradeTerms {
            price: Price(1_000),
            quantity: Quantity(200),
            paid: Amount(20_000),
            got: Amount(19_999),
            buyer_fee: Amount(20),
            seller_fee: Amount(-2),
        },
        price: Price(995),
        quantity: Quantity(100),
        desk: false,
    };
    let by_whom = Provenance {
        actor: Text::new("A").unwrap(),
        approver: Text::EMPTY,
        request: Text::EMPTY,
        reason: Text::new("r").unwrap(),
    };
    let command = |desk| Command::CorrectTrade {
        correction: Box::new(Correction { desk, ..correction }),
        by: Box::new(by_whom),
    };
    let first = hex::decode(format!("0120{fields}{by}")).unwrap();
    assert_eq!(decode(&first), Ok(command(false)));
    for (desk, byte) in [(false, "00"), (true, "01")] {
        assert_eq!(hex::encode(encoded(&command(desk))), format!("0220{fields}{byte}{by}"));
    }
}

#[test]
fn what_is_wrong_is_said() {
    assert_eq!(decode(&[]), Err(CodecError::Short("version")));
    assert_eq!(decode(&[1, 200]), Err(CodecError::Kind(200)));
    assert_eq!(decode(&[3, 9]), Err(CodecError::Version { kind: 9, version: 3 }));
    assert_eq!(decode(&[1, 30, 0, 0, 0, 0, 1, 30]), Err(CodecError::Kind(30)));
    assert_eq!(
        decode(&[1, 30, 0, 0, 0, 0, 9, 4]),
        Err(CodecError::Version { kind: 4, version: 9 })
    );
    assert_eq!(decode(&[0, 9]), Err(CodecError::Version { kind: 9, version: 0 }));
    assert_eq!(decode(&[1, 13, 5]), Err(CodecError::Value { field: "profile", value: 5 }));
    assert_eq!(decode(&[1, 4, 2, 0xff, 0xfe]), Err(CodecError::NotUtf8("code")));
    assert!(decode(&[1, 4, 2, b'a']).unwrap_err().to_string().contains("`code`"));
}
