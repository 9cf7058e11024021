package io.pantala.seed.tracker;

import static org.assertj.core.api.Assertions.assertThat;

import io.pantala.seed.schedule.Conductor;
import io.pantala.seed.schedule.ConductorConfig;
import io.pantala.seed.schedule.Zone;
import io.pantala.transport.NodeAddress;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ConductingTest {
    private static final NodeAddress ADDRESS = SilentSession.ADDRESS;

    private final Owner owner = new Owner();
    private final Conducting conducting = new Conducting(
            new Conductor(ConductorConfig.DEFAULT, new SplittableRandom(1)), Zone.NONE, Long.MAX_VALUE, owner, () -> 0);

    @AfterEach
    void close() {
        owner.close();
    }

    @Test
    void sendsNobodyToTheSecondHostOfAnAddressUntilTheFirstHasGone() {
        Guest first = conducting.join(new SilentSession("first"));
        Guest second = conducting.join(new SilentSession("second"));
        assertThat(first.peer()).contains(ADDRESS);
        assertThat(second.peer()).isEmpty();

        conducting.leave(first);

        assertThat(second.peer()).contains(ADDRESS);
    }

    @Test
    void letsAHostTakeItsAddressAlongToItsNextLink() {
        Guest before = conducting.join(new SilentSession("host"));
        Guest after = conducting.join(new SilentSession("host"));
        Guest other = conducting.join(new SilentSession("other"));

        conducting.leave(before);

        assertThat(after.peer()).contains(ADDRESS);
        assertThat(other.peer()).isEmpty();
    }
}
