// SPF: a world of hostile records. Each line of the input is the record of a domain, the first one's that is
// asked about; addresses, MX and PTR records follow from the names that are asked for. Whatever the records
// say: every fault has its place in the text, no name asked for is malformed, the questions are few, and a
// verdict comes, within the limits of RFC 7208 4.6.4.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "policy/spf_evaluate.h"
#include "policy/spf_survey.h"

using namespace waybill;

namespace {
constexpr size_t kRecordsMax = 16;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

class World {
 public:
  explicit World(const std::vector<std::string_view>& records) : records_(records) {}

  dns::Answer answer(const dns::Question& question) const {
    dns::Answer out{.kind = dns::Kind::present, .canonical = question.name};
    if (question.type == dns::Type::txt) return texts(question.name, std::move(out));
    size_t hash = 0;
    for (const char c : question.name.wire()) hash = hash * 31 + static_cast<unsigned char>(c);
    if (hash % 7 == 0) return {.kind = dns::Kind::nxdomain, .canonical = question.name};
    if (hash % 11 == 0) return dns::Answer::failure("SERVFAIL");
    const auto put = [&](dns::Data data) {
      out.records.push_back({question.name, question.type, 300, std::move(data)});
    };
    for (size_t i = 0; i < hash % 13; ++i) {
      const auto host = dns::Name::parse("h" + std::to_string(i) + ".example.org").value();
      if (question.type == dns::Type::mx) put(dns::Mx{10, host});
      if (question.type == dns::Type::ptr) put(host);
      if (question.type == dns::Type::a) put(IpAddress::v4(static_cast<uint32_t>(0xc0000200 + i)));
    }
    if (out.records.empty()) out.kind = dns::Kind::nodata;
    return out;
  }

 private:
  /// example.org has the first record; any other name that begins with a digit the one of that number.
  dns::Answer texts(const dns::Name& name, dns::Answer out) const {
    const std::string text = name.to_string();
    size_t which = text == "example.org" ? 0 : records_.size();
    if (text[0] >= '0' && text[0] <= '9') which = static_cast<size_t>(text[0] - '0');
    if (which >= records_.size()) return {.kind = dns::Kind::nxdomain, .canonical = name};
    out.records.push_back({name, dns::Type::txt, 300, dns::Txt{{"v=spf1 " + std::string(records_[which])}}});
    return out;
  }

  const std::vector<std::string_view>& records_;
};

template <class Verdict, class Decide>
Verdict run(const World& world, const Decide& decide, size_t questions_max) {
  dns::Facts facts;
  for (int round = 0; round < 64; ++round) {
    auto step = decide(facts);
    if (auto* verdict = std::get_if<Verdict>(&step)) return std::move(*verdict);
    const size_t before = facts.size();
    for (const dns::Question& question : std::get<Questions<dns::Question>>(step)) {
      require(question.name.wire().size() <= 255 && !question.name.is_root(),
              "a malformed name was asked for");
      facts.put(question, world.answer(question));
    }
    require(facts.size() > before, "it asks for what it knows");
    require(facts.size() <= questions_max, "it asks too much");
  }
  require(false, "it asks without end");
  std::abort();
}

void read(std::string_view terms) {
  const std::string text = "v=spf1 " + std::string(terms);
  const policy::SpfRecord record = policy::parse_spf(text);
  for (const policy::SpfTerm& term : record.terms)
    require(text.substr(term.place.at, term.place.size) == term.text, "a term stands elsewhere");
  for (const policy::SpfFault& fault : record.faults)
    require(!fault.what.empty() && fault.place.size > 0 && fault.place.at + fault.place.size <= text.size(),
            "a fault has no place");
}

void judge(const World& world, const char* ip, std::string_view local) {
  policy::SpfRequest request{.ip = IpAddress::parse(ip).value(),
                             .domain = dns::Name::parse("example.org").value(),
                             .local = std::string(local),
                             .sender_domain = "example.org",
                             .helo = "mail.example.org"};
  // Ten lookups of at most eleven questions each, twice over for what was only foreseen; PTR and its hosts.
  const auto verdict = run<policy::SpfVerdict>(
      world, [&](const dns::Facts& facts) { return policy::evaluate_spf(request, facts); }, 400);
  if (verdict.result == policy::SpfResult::permerror) return;
  require(verdict.lookups <= policy::kSpfLookupsMax, "more lookups than allowed");
  require(verdict.void_lookups <= policy::kSpfVoidLookupsMax, "more void lookups than allowed");
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  auto records = split(input, '\n');
  if (records.size() > kRecordsMax) records.resize(kRecordsMax);
  for (const std::string_view record : records) read(record);
  const World world(records);
  judge(world, "192.0.2.1", "user");
  judge(world, "2001:db8::1", records.back().substr(0, 64));
  const auto domain = dns::Name::parse("example.org").value();
  const auto survey = run<policy::SpfSurvey>(
      world, [&](const dns::Facts& facts) { return policy::survey_spf(domain, facts); }, 500);
  require(survey.nodes.size() <= 64, "the tree has no bound");
  for (size_t i = 0; i < survey.nodes.size(); ++i)
    require(!survey.path_to(i).empty(), "a record without a way to it");
  (void)survey.last();
  return 0;
}
