package io.pantala.seed.tracker;

import static org.assertj.core.api.Assertions.assertThat;

import io.pantala.seed.schedule.Conductor;
import io.pantala.seed.schedule.ConductorConfig;
import io.pantala.seed.schedule.Zone;
import io.pantala.transport.NodeAddress;
import io.pantala.transport.control.ControlMessage;
import io.pantala.transport.control.ControlMessage.Limits;
import io.pantala.transport.control.ControlSession;
import io.pantala.transport.identity.NodeIdentity;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ConductingTest {
    private static final NodeAddress ADDRESS = new NodeAddress("10.1.1.1", 6461);

    private final Owner owner = new Owner();
    private final Conducting conducting = new Conducting(
            new Conductor(ConductorConfig.DEFAULT, new SplittableRandom(1)), Zone.NONE, Long.MAX_VALUE, owner, () -> 0);

    @AfterEach
    void close() {
        owner.close();
    }

    @Test
    void sendsNobodyToTheSecondHostOfAnAddressUntilTheFirstHasGone() {
        Guest first = conducting.join(new Session("first"));
        Guest second = conducting.join(new Session("second"));
        assertThat(first.peer()).contains(ADDRESS);
        assertThat(second.peer()).isEmpty();

        conducting.leave(first);

        assertThat(second.peer()).contains(ADDRESS);
    }

    @Test
    void letsAHostTakeItsAddressAlongToItsNextLink() {
        Guest before = conducting.join(new Session("host"));
        Guest after = conducting.join(new Session("host"));
        Guest other = conducting.join(new Session("other"));

        conducting.leave(before);

        assertThat(after.peer()).contains(ADDRESS);
        assertThat(other.peer()).isEmpty();
    }

    private record Session(String node) implements ControlSession {
        @Override
        public String remote() {
            return "10.1.1.1:50000";
        }

        @Override
        public Optional<NodeIdentity> identity() {
            return Optional.empty();
        }

        @Override
        public Optional<NodeAddress> peer() {
            return Optional.of(ADDRESS);
        }

        @Override
        public String zone() {
            return "";
        }

        @Override
        public Limits limits() {
            return Limits.NONE;
        }

        @Override
        public void send(ControlMessage message) {
            // Nobody listens.
        }
    }
}
