package io.pantala.proxy.grant;

import io.pantala.registry.UpstreamException;
import io.pantala.swarm.UpstreamRefusal;

/** Whether someone may read a blob. */
public sealed interface Verdict {
    /** The upstream has said yes. */
    record Granted() implements Verdict {}

    /** The upstream has said no, or nothing that helps: its own answer, fit to be relayed. */
    record Refused(UpstreamRefusal refusal) implements Verdict {}

    /** The upstream could not be asked. */
    record Unreachable(UpstreamException why) implements Verdict {}
}
