//! The API calls there are, read from `data/api.txt`.

use std::collections::BTreeMap;

/// Number of a call in the [`Catalogue`].
pub(crate) type CallId = u16;

/// What a call does to the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// A management call that only looks.
    Read,
    /// A management call that changes something.
    Write,
    /// A data call that only looks.
    Get,
    /// A data call that changes something.
    Put,
}

/// One API call.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) service: usize,
    pub(crate) name: &'static str,
    pub(crate) class: Class,
    /// Pattern of its request parameters, see [`crate::resource`].
    pub(crate) params: &'static str,
}

impl Call {
    /// Whether it changes nothing.
    pub(crate) fn looks(&self) -> bool {
        matches!(self.class, Class::Read | Class::Get)
    }

    /// Whether it is a call of the management plane.
    pub(crate) fn manages(&self) -> bool {
        matches!(self.class, Class::Read | Class::Write)
    }
}

/// One service and its calls, the most used first.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) name: &'static str,
    /// Its calls are logged in one region, wherever they come from.
    pub(crate) global: bool,
    calls: [Vec<CallId>; 4],
}

impl Service {
    /// Its calls of one class, the most used first.
    pub(crate) fn calls(&self, class: Class) -> &[CallId] {
        &self.calls[class as usize]
    }
}

/// All services and calls.
#[derive(Debug)]
pub(crate) struct Catalogue {
    pub(crate) services: Vec<Service>,
    pub(crate) calls: Vec<Call>,
    by_name: BTreeMap<(&'static str, &'static str), CallId>,
}

impl Catalogue {
    /// Reads the table that is part of the program.
    pub(crate) fn new() -> Self {
        let mut all = Self { services: Vec::new(), calls: Vec::new(), by_name: BTreeMap::new() };
        let mut params = "null";
        for line in lines(include_str!("../data/api.txt")) {
            let (key, rest) = line.split_once(' ').expect("every line has a key and a value");
            let class = match key {
                "service" => {
                    params = all.add_service(rest);
                    continue;
                }
                "=" => {
                    let (name, own) = rest.split_once(' ').expect("a call and its parameters");
                    let service = all.services.last().expect("a service comes first").name;
                    let call = all.find(service, name);
                    all.calls[usize::from(call)].params = own;
                    continue;
                }
                "read" => Class::Read,
                "write" => Class::Write,
                "get" => Class::Get,
                "put" => Class::Put,
                other => unreachable!("api.txt has no line {other:?}"),
            };
            rest.split(' ').for_each(|name| all.add_call(name, class, params));
        }
        all
    }

    /// The call of a name, as `ec2` and `RunInstances`.
    ///
    /// # Panics
    /// If there is none; the names come from the tables of this crate, which a test reads.
    pub(crate) fn find(&self, service: &str, call: &str) -> CallId {
        *self.by_name.get(&(service, call)).unwrap_or_else(|| panic!("no call {service}:{call}"))
    }

    /// The number of a service.
    ///
    /// # Panics
    /// As [`Catalogue::find`].
    pub(crate) fn service(&self, name: &str) -> usize {
        let found = self.services.iter().position(|s| s.name == name);
        found.unwrap_or_else(|| panic!("no service {name}"))
    }

    /// One call.
    pub(crate) fn call(&self, id: CallId) -> &Call {
        &self.calls[usize::from(id)]
    }

    /// The service of one call.
    pub(crate) fn service_of(&self, id: CallId) -> &Service {
        &self.services[self.call(id).service]
    }

    fn add_service(&mut self, line: &'static str) -> &'static str {
        let (name, rest) = line.split_once(' ').expect("a service has parameters");
        let (global, params) = match rest.strip_prefix("global ") {
            Some(params) => (true, params),
            None => (false, rest),
        };
        self.services.push(Service { name, global, calls: Default::default() });
        params
    }

    fn add_call(&mut self, name: &'static str, class: Class, params: &'static str) {
        let id = self.calls.len() as CallId;
        let index = self.services.len() - 1;
        let service = &mut self.services[index];
        service.calls[class as usize].push(id);
        self.by_name.insert((service.name, name), id);
        self.calls.push(Call { service: index, name, class, params });
    }
}

/// The lines of a table that are neither empty nor a comment.
pub(crate) fn lines(table: &'static str) -> impl Iterator<Item = &'static str> {
    table.lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_large_and_names_nothing_twice() {
        let all = Catalogue::new();
        assert!(all.services.len() >= 60 && all.calls.len() >= 600);
        assert_eq!(all.by_name.len(), all.calls.len());
    }

    #[test]
    fn a_call_knows_its_service_class_and_parameters() {
        let all = Catalogue::new();
        let call = all.call(all.find("s3", "GetObject"));
        assert_eq!(all.services[call.service].name, "s3");
        assert!(call.looks() && !call.manages() && call.params.contains("\"key\""));
        assert!(all.services[all.service("iam")].global);
    }
}
