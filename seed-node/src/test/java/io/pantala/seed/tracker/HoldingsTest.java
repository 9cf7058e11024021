package io.pantala.seed.tracker;

import static org.assertj.core.api.Assertions.assertThat;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.BlockLayout;
import io.pantala.manifest.BlockSet;
import io.pantala.manifest.Digest;
import io.pantala.manifest.UpstreamName;
import io.pantala.seed.schedule.Conductor;
import io.pantala.seed.schedule.ConductorConfig;
import io.pantala.seed.schedule.Zone;
import io.pantala.transport.control.ControlMessage.Have;
import io.pantala.transport.control.ControlMessage.Recalled;
import io.pantala.transport.ticket.Voucher;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class HoldingsTest {
    private static final BlobKey KEY = new BlobKey(UpstreamName.parse("reg.test"), Digest.sha256(new byte[1]));
    private static final BlockLayout LAYOUT = BlockLayout.of(600_000);

    private final Owner owner = new Owner();
    private final Conducting conducting = new Conducting(
            new Conductor(ConductorConfig.DEFAULT, new SplittableRandom(1)), Zone.NONE, Long.MAX_VALUE, owner, () -> 0);
    private final Holdings holdings = new Holdings();

    @AfterEach
    void close() {
        owner.close();
    }

    @Test
    void hearsWhatIsShownOnceFromEachHostThatWasAsked() {
        Guest asked = conducting.join(new SilentSession("asked"));
        Guest stranger = conducting.join(new SilentSession("stranger"));
        Recalled answer = new Recalled(KEY, LAYOUT, new byte[LAYOUT.count() * 32], new Voucher("a-voucher"));
        List<Recalled> heard = new ArrayList<>();
        holdings.recall(KEY, List.of(new Holdings.Holding(asked, all())), heard::add);

        holdings.recalled(stranger, answer);
        assertThat(heard).isEmpty();
        holdings.recalled(asked, answer);
        holdings.recalled(asked, answer);
        assertThat(heard).containsExactly(answer);
    }

    private static Have all() {
        return new Have(KEY, LAYOUT, BlockSet.full(LAYOUT.count()));
    }
}
