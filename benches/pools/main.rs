//! How long a pool takes: usage added up by SQL to (payer, creator), weighed, and divided by each rule.
//!
//! `cargo bench --bench pools -- --pairs 10000000 --memory 1024`. See README.md beside this file.

use std::time::Instant;

use everycent::earn::pool::{BITS, Rule, Stake, Weighed, divide, weigh};
use everycent::error::{Error, Result};
use everycent::facts::{Use, summed_within};
use everycent::intake::{NONE, Names, id_hash};
use everycent::money::Exact;
use everycent::period::Period;
use everycent::policy::{Pay, Policies, Pool};
use everycent::query::Engine;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const POLICY: &str = r#"
[[program]]
name = "plays"
version = "1"
valid_from = 2026-01-01
log = "engagement"
pool = { pot = "pots", rule = "pro_rata", without_weight = "platform", multipliers = [{ times = "1.5", when = "seconds > 30" }] }
"#;

/// Payers per creator pair, and creators.
const CREATORS_OF_PAYER: u64 = 10;
const CREATORS: u64 = 200_000;

fn main() -> Result<()> {
    let (pairs, memory) = (argument("--pairs", 10_000_000)?, argument("--memory", 1024)?);
    let engine = Engine::new(2, 8192);
    let month = Period::new(2026, 1);
    let (uses, names) = (events(pairs, month), names());
    let begin = Instant::now();
    let mut clock = Clock { begin, last: begin };
    let mut summed = summed_within(engine, usize::try_from(memory).unwrap_or(1024), uses)?;
    clock.says(&format!("{pairs} events added up to {} pairs", summed.len()));
    summed.par_sort_unstable_by_key(|u| (u.month, u.country, u.payer, u.creator));
    clock.says("sorted");
    let weighed = weigh(&pool()?, month, &summed, &names)?;
    clock.says(&format!("weighed: {} payers, {} creators", weighed.payers.len(), weighed.creators.len()));
    drop(summed);
    for (name, rule) in rules()? {
        parts(&weighed, rule)?;
        clock.says(name);
    }
    println!("{:>9.3} s in all", begin.elapsed().as_secs_f64());
    Ok(())
}

fn argument(name: &str, default: u64) -> Result<u64> {
    let mut arguments = std::env::args().skip_while(|a| a != name).skip(1);
    arguments
        .next()
        .map_or(Ok(default), |text| text.parse().map_err(|_| Error::usage(format!("{name} takes a number"))))
}

struct Clock {
    begin: Instant,
    last: Instant,
}

impl Clock {
    fn says(&mut self, what: &str) {
        let (step, all) = (self.last.elapsed().as_secs_f64(), self.begin.elapsed().as_secs_f64());
        println!("{step:>9.3} s, {all:>9.3} s: {what}");
        self.last = Instant::now();
    }
}

/// Payers use ten creators each; of a hundred creators one is used by half of all.
fn events(pairs: u64, month: Period) -> Vec<Use> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let mut event = |at: u64| {
        let popular = rng.random_range(0..2) == 0;
        let creator = if popular { rng.random_range(0..CREATORS / 100) } else { rng.random_range(0..CREATORS) };
        Use {
            month,
            country: NONE,
            payer: id_hash(&format!("payer-{}", at / CREATORS_OF_PAYER)),
            creator: u32::try_from(creator).unwrap_or(0),
            outcome: rng.random_range(0..2),
            reached: 0,
            usage: rng.random_range(1..100),
            kept: 0,
            events: 1,
        }
    };
    (0..pairs).map(&mut event).collect()
}

fn names() -> Names {
    let mut names = Names::default();
    for at in 0..CREATORS {
        names.number(&format!("creator-{at}"));
    }
    names
}

fn pool() -> Result<Pool> {
    let policies = Policies::read(vec![("policies/plays.toml".to_owned(), POLICY.to_owned())])?;
    match policies.programs.into_iter().next().map(|p| p.pay) {
        Some(Pay::Pool(pool)) => Ok(*pool),
        _ => Err(Error::bug("the bench has no pool")),
    }
}

fn rules() -> Result<Vec<(&'static str, Rule)>> {
    let share = Exact::ratio(7, 10).ok_or_else(|| Error::bug("a denominator"))?;
    Ok(vec![
        ("pro rata", Rule::ProRata { cap: None }),
        ("pro rata, at most 100 of a payer", Rule::ProRata { cap: Some(100) }),
        ("user-centric", Rule::UserCentric),
        ("Shapley", Rule::Shapley),
        ("scaled", Rule::Scaled { share }),
    ])
}

fn parts(weighed: &Weighed, rule: Rule) -> Result<()> {
    let fees: Vec<u64> = (0_u64..).take(weighed.payers.len()).map(|at| 500 + at % 1000).collect();
    let total: i128 = 987_654_321_012;
    let stake = Stake { amount: Exact::from_int(total), rule, fees: &fees };
    let divided = divide(total, &weighed.usage, &[stake], &[], BITS)?;
    if divided.creators.iter().sum::<i128>() == total { Ok(()) } else { Err(Error::bug("the parts miss the pot")) }
}
