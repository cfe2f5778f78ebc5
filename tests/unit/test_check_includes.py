#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""check_includes.py finds each kind of breach and lets good includes pass. Usage: test_check_includes.py CHECKER."""

import subprocess
import sys
import tempfile
from pathlib import Path

# (file in src/, its one line, whether that is a breach)
CASES = [
    ('ring/a.c', '#include "base/os.h"', False),
    ('ring/a.c', '#include "ring/ring.h"', False),
    ('ring/a.c', '#include <stdlib.h>', False),
    ('ring/a.c', '#include "core/renderer.h"', True),
    ('ring/a.c', '# include <vulkan/vulkan.h>', True),
    ('base/a.c', '#include "wire/reader.h"', True),
    ('base/sub/a.h', '#include "base/log.h"', False),
    ('core/a.c', '#include "ring/private.h"', True),
    ('core/a.c', '#include <vulkan/vulkan.h>', False),
    ('core/a.c', '#include "guard/guard.h"', True),
    ('guard/a.c', '#include "core/renderer.h"', False),
    ('guard/a.c', '#include "core/exec.h"', True),
    ('front/a.c', '#include <pearvisor/info.h>', False),
    ('front/a.c', '#include "wire/reader.h"', True),
    ('front/a.c', '#include "../core/exec.h"', True),
    ('attic/a.c', '#include <stdlib.h>', True),
    ('wire/a.c', '#include "stray/a.h"', True),
]


def main(checker: str) -> int:
    wrong = 0
    for name, line, bad in CASES:
        with tempfile.TemporaryDirectory() as src:
            path = Path(src, name)
            path.parent.mkdir(parents=True)
            path.write_text(f'// comment\n{line}\n', encoding='utf-8')
            run = subprocess.run([sys.executable, checker, src], capture_output=True, text=True)
            if run.returncode != int(bad) or (bad and 'a.' not in run.stdout):
                print(f'{name}: {line}: exit {run.returncode}, said {run.stdout!r}')
                wrong += 1
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1]))
