//! Networks out of addresses.

use std::net::IpAddr;

/// The /16 of an IPv4 address, written `198.18/16`, the /32 of an IPv6 address, written `2001:db8::/32`;
/// anything else (the host of a service, `AWS Internal`) as it is. Of a JSON list of addresses the first
/// counts.
pub fn network(address: &str) -> String {
    let bare = address.trim_matches([' ', '[', ']', '"']).split(['"', ',']).next();
    match bare.unwrap_or(address).parse::<IpAddr>().map(|a| a.to_canonical()) {
        Ok(IpAddr::V4(v4)) => {
            let [a, b, ..] = v4.octets();
            format!("{a}.{b}/16")
        }
        Ok(IpAddr::V6(v6)) => {
            let [a, b, ..] = v6.segments();
            format!("{a:x}:{b:x}::/32")
        }
        Err(_) => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_become_networks_and_names_stay() {
        assert_eq!(network("198.18.7.9"), "198.18/16");
        assert_eq!(network(" 10.0.0.1"), "10.0/16");
        assert_eq!(network("2001:db8:1::7"), "2001:db8::/32");
        assert_eq!(network("::ffff:198.18.0.1"), "198.18/16");
        assert_eq!(network(r#"["198.18.0.1", "10.0.0.1"]"#), "198.18/16");
        assert_eq!(network("ec2.amazonaws.com"), "ec2.amazonaws.com");
        assert_eq!(network("999.1.1.1"), "999.1.1.1");
    }
}
