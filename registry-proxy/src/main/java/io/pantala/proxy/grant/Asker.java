package io.pantala.proxy.grant;

import io.pantala.manifest.RepositoryName;
import io.pantala.manifest.UpstreamName;
import io.pantala.swarm.Authorization;

/** Who wants to read something, and where: what an upstream's word on access is about. */
public record Asker(UpstreamName upstream, RepositoryName repository, Authorization authorization) {}
