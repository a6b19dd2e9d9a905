//! Gates: what must hold before anything is published. An audit only reads.

mod gates;
mod tables;

pub use gates::check;
