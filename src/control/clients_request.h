// clients_request.h: the question of GET /v1/clients, from its query's fields. Pure. Errors: invalid.
#pragma once

#include "control/query.h"
#include "control/types.h"

namespace waybill::control {

[[nodiscard]] Result<ClientsRequest> clients_request(const QueryFields& query);
/// That of GET /v1/clients/seen.
[[nodiscard]] Result<ClientsSeenRequest> clients_seen_request(const QueryFields& query);

}  // namespace waybill::control
