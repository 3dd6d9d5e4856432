//! Pushes that a kill cuts off.
