#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The command-line tool: what it prints where, and its exit statuses."""

import json
import os
import shlex
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import vtest as v


def run(*args: str, env: dict[str, str] | None = None, stdin: str = '') -> subprocess.CompletedProcess:
    """Runs the tool."""
    return subprocess.run([v.pearvisor(), *args], input=stdin, capture_output=True, text=True, timeout=60,
                          env={**os.environ, **(env or {})}, check=False)


class Usage(unittest.TestCase):
    """Mistakes on the command line."""

    def test_wrong_usage_is_one_line_and_status_2(self) -> None:
        for args in ((), ('nonsense',), ('--nonsense',), ('serve', '--nonsense'), ('serve', 'operand'), ('run',),
                     ('run', '--'), ('run', '--socket', '/x', '--', 'true'), ('info', '--socket', '/x'),
                     ('serve', '-z'), ('serve', '--socket'), ('serve', '--memory', '4X'), ('serve', '--memory', '0'),
                     ('serve', '--memory', '99999999999999999999'), ('serve', '--max-clients', '0'),
                     ('serve', '--socket-mode', '0999'), ('serve', '--objects', '1'), ('serve', '--host-memory', '1M'), ('serve', '--log-level', 'loud'), ('worker',)):
            result = run(*args)
            self.assertEqual(result.returncode, 2, args)
            self.assertEqual(result.stdout, '', args)
            self.assertEqual(len(result.stderr.splitlines()), 1, args)

    def test_help_and_version(self) -> None:
        for args in (('--help',), ('serve', '--help'), ('run', '--help'), ('env', '--help'), ('info', '--help')):
            result = run(*args)
            self.assertEqual((result.returncode, result.stderr), (0, ''))
            self.assertTrue(result.stdout.startswith('usage: pearvisor'))
        self.assertRegex(run('--version').stdout, r'^pearvisor \d+\.\d+\.\d+\n$')


class Config(unittest.TestCase):
    """A file of options."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix='pv-')
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name, 'pearvisor.conf')

    def run_with(self, text: str, *args: str) -> subprocess.CompletedProcess:
        self.path.write_text(text, encoding='utf-8')
        return run('run', '--config', str(self.path), *args, '--', 'sh', '-c', 'echo ran')

    def test_its_options_hold_unless_the_command_line_says_otherwise(self) -> None:
        text = '# comment\n[client]\nmemory = 1G\n[server]\nmax-clients = 3 ; few\ngpu = no such gpu\n'
        result = self.run_with(text)
        self.assertEqual((result.returncode, result.stdout), (1, ''))
        self.assertIn('no such gpu', result.stderr)
        result = self.run_with(text, '--gpu', '0')
        self.assertEqual((result.returncode, result.stdout), (0, 'ran\n'), result.stderr)

    def test_what_is_wrong_is_said_with_file_and_line(self) -> None:
        for text, why in (('memory = 1G\nbanana = 3\n', "2: 'banana' is no option of 'pearvisor run'"),
                          ('\nmemory = lots\n', "2: memory must be a size such as 512M or 4G, not 'lots'"),
                          ('[client]\nwhat is this\n', "2: neither 'name = value' nor a [section]"),
                          ('blobs = 1\n', '1: blobs must be a number of 8 or more'),
                          ('rings = 0\n', '1: rings must be a number from 1'), ('json = yes\n', "1: 'json' is no option"),
                          ('config = other\n', "1: 'config' is no option")):
            result = self.run_with(text)
            self.assertEqual((result.returncode, result.stdout), (1, ''), text)
            self.assertEqual(result.stderr.count('\n'), 1)
            self.assertIn(f'{self.path}:{why}', result.stderr)

    def test_a_file_that_cannot_be_read(self) -> None:
        result = run('serve', '--config', str(self.path))
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stderr, f'pearvisor: cannot read {self.path}: No such file or directory\n')


class Refusals(unittest.TestCase):
    """What cannot work is said in one sentence, status 1, before anything else happens."""

    def refused(self, *args: str, env: dict[str, str] | None = None) -> str:
        result = run(*args, env=env)
        self.assertEqual(result.returncode, 1, args)
        self.assertEqual(result.stdout, '', args)
        self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
        return result.stderr

    def test_an_unknown_gpu(self) -> None:
        with tempfile.TemporaryDirectory(prefix='pv-') as folder:
            for args in (('info',), ('serve', '--socket', f'{folder}/s'), ('run',)):
                command = ('--', 'touch', f'{folder}/ran') if args == ('run',) else ()
                for gpu in ('no such gpu', '99'):
                    self.assertIn(gpu, self.refused(*args, '--gpu', gpu, *command))
            self.assertEqual(os.listdir(folder), [], 'the command ran, or the socket stayed')

    def test_a_missing_driver(self) -> None:
        for args in (('info',), ('run',)):
            command = ('--', 'true') if args == ('run',) else ()
            self.assertIn('/nonexistent/lib.so', self.refused(*args, '--driver', '/nonexistent/lib.so', *command))
            self.refused(*args, *command, env={'VK_DRIVER_FILES': '/nonexistent/icd.json'})

    def test_a_missing_guest_driver(self) -> None:
        for args in (('run', '--icd', '/nonexistent.json', '--', 'true'), ('env', '--icd', '/nonexistent.json')):
            self.assertIn('/nonexistent.json', self.refused(*args))
        self.assertIn('/none.json', self.refused('env', env={'PEARVISOR_ICD': '/none.json'}))


class Env(unittest.TestCase):
    """`pearvisor env`."""

    def shell(self, *args: str, env: dict[str, str] | None = None) -> dict[str, str]:
        """The environment a shell has after evaluating the output."""
        command = f'eval "$({shlex.join([v.pearvisor(), "env", *args])} 2>/dev/null)"; exec env -0'
        out = subprocess.run(['sh', '-c', command], capture_output=True, text=True, check=True, timeout=60,
                             env={**os.environ, **(env or {})}).stdout
        return dict(entry.split('=', 1) for entry in out.split('\0') if entry)

    def test_a_shell_can_evaluate_any_path(self) -> None:
        with tempfile.TemporaryDirectory(prefix="pv-it's $(odd) ") as folder:
            icd = Path(folder, 'virtio icd.json')
            icd.write_text('{}')
            env = self.shell('--socket', f'{folder}/s', '--icd', str(icd), env={'VN_DEBUG': 'init'})
            self.assertEqual(env['VTEST_SOCKET_NAME'], f'{folder}/s')
            self.assertEqual(env['VK_DRIVER_FILES'], str(icd.resolve()))
            self.assertEqual(env['VK_ICD_FILENAMES'], env['VK_DRIVER_FILES'])
            self.assertEqual(env['VN_DEBUG'], 'init,mem_budget,vtest')

    def test_the_default_socket_follows_the_runtime_folder(self) -> None:
        with tempfile.TemporaryDirectory(prefix='pv-') as folder:
            icd = Path(folder, 'virtio_icd.json')
            icd.write_text('{}')
            env = {'XDG_RUNTIME_DIR': folder, 'PEARVISOR_ICD': str(icd)}
            self.assertEqual(self.shell(env=env)['VTEST_SOCKET_NAME'], f'{folder}/pearvisor.sock')
            env['XDG_RUNTIME_DIR'] = ''
            self.assertEqual(self.shell(env=env)['VTEST_SOCKET_NAME'], f'/tmp/pearvisor-{os.getuid()}.sock')

    def test_what_would_hide_the_guest_driver_is_unset(self) -> None:
        env = self.shell('--icd', '/dev/null', env={'VK_LOADER_DRIVERS_SELECT': 'lvp*'})
        self.assertNotIn('VK_LOADER_DRIVERS_SELECT', env)

    def test_presentation_is_by_copying_unless_the_caller_knows_better(self) -> None:
        for had, wanted in ((None, 'sw'), ('', ''), ('noshm', 'noshm')):
            env = {} if had is None else {'MESA_VK_WSI_DEBUG': had}
            self.assertEqual(self.shell('--icd', '/dev/null', env=env)['MESA_VK_WSI_DEBUG'], wanted)
        for had, wanted in ((None, 'no_async_present'), ('', ''), ('no_multi_ring', 'no_multi_ring')):
            env = {} if had is None else {'VN_PERF': had}
            self.assertEqual(self.shell('--icd', '/dev/null', env=env)['VN_PERF'], wanted)


class Info(unittest.TestCase):
    """`pearvisor info`."""

    def test_json_and_text_agree(self) -> None:
        result = run('info', '--json')
        self.assertEqual(result.returncode, 0, result.stderr)
        info = json.loads(result.stdout)
        text = run('info').stdout
        self.assertGreaterEqual(len(info['gpus']), 1)
        for gpu in info['gpus']:
            self.assertIn(f'GPU {gpu["index"]}: {gpu["name"]}\n', text)
            self.assertIn(gpu['uuid'], text)
            self.assertIn(f'{gpu["memory_path"]}: {gpu["memory_note"]}', text)
            self.assertRegex(gpu['guest_api_version'], r'^1\.[1-4]\.\d+$')
        self.assertIn(f'{info["executed"]} of {info["commands"]} commands', text)

    def test_a_gpu_can_be_chosen_by_index_name_and_uuid(self) -> None:
        first = json.loads(run('info', '--json').stdout)['gpus'][0]
        for choice in ('0', first['uuid'], first['name']):
            chosen = json.loads(run('info', '--json', '--gpu', choice).stdout)['gpus']
            self.assertEqual([gpu['uuid'] for gpu in chosen], [first['uuid']], choice)

    def test_protocol_names_every_command_left_out(self) -> None:
        lines = run('info', '--protocol').stdout.splitlines()
        info = json.loads(run('info', '--protocol', '--json').stdout)
        self.assertEqual(info['commands'], 345)
        self.assertEqual(lines[-1], f'{info["executed"]} of 345 commands')
        self.assertEqual(len(lines) - 1, 345 - info['executed'])
        for line in lines[:-1]:
            self.assertRegex(line, r'^vk\w+: \S')
        self.assertEqual(sum('no encoding' in line for line in lines), 20)


class Run(unittest.TestCase):
    """`pearvisor run`: as if its command had been started alone, but for the environment."""

    def test_exit_statuses(self) -> None:
        for script, status in (('exit 0', 0), ('exit 7', 7), ('kill -9 $$', 137), ('kill -TERM $$', 143)):
            result = run('run', '--', 'sh', '-c', script)
            self.assertEqual((result.returncode, result.stdout), (status, ''), script)
        self.assertEqual(run('run', '--', 'no-such-command').returncode, 127)
        self.assertEqual(run('run', '--', '/etc/passwd').returncode, 126)

    def test_input_output_and_arguments_pass_unchanged(self) -> None:
        self.assertEqual(run('run', 'cat', stdin='x y\n\n').stdout, 'x y\n\n')
        odd = ["it's", 'a  b', '$HOME', '', 'new\nline', '--help']
        script = 'import sys; print(sys.argv[1:], end="")'
        self.assertEqual(run('run', '--', 'python3', '-c', script, *odd).stdout, repr(odd))
        result = run('run', '--', 'sh', '-c', 'echo oops >&2')
        self.assertEqual((result.stdout, result.stderr), ('', 'oops\n'))

    def test_the_command_sees_a_server_and_the_guest_driver(self) -> None:
        script = 'ls -ld "$(dirname "$VTEST_SOCKET_NAME")" "$VTEST_SOCKET_NAME"; echo $VN_DEBUG; echo $VK_DRIVER_FILES'
        result = run('run', '--', 'sh', '-c', script, env={'VN_DEBUG': 'init'})
        folder, sock, debug, icd = result.stdout.splitlines()
        self.assertTrue(folder.startswith('drwx------'))
        self.assertTrue(sock.startswith('srw-------'))
        self.assertEqual(debug, 'init,mem_budget,vtest')
        self.assertRegex(icd, r'virtio.*\.json$')
        self.assertFalse(os.path.exists(folder.split()[-1]), 'the folder stayed')

    def test_signals_reach_the_command(self) -> None:
        for sig in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            script = f'trap "echo got; exit 3" {sig.name[3:]}; echo ready; while :; do sleep 0.05; done'
            with subprocess.Popen([v.pearvisor(), 'run', '--', 'sh', '-c', script], stdout=subprocess.PIPE,
                                  text=True) as process:
                self.assertEqual(process.stdout.readline(), 'ready\n')
                process.send_signal(sig)
                self.assertEqual(process.stdout.readline(), 'got\n')
                self.assertEqual(process.wait(v.TIMEOUT), 3)

    def test_a_signal_that_ends_the_command_is_our_status(self) -> None:
        with subprocess.Popen([v.pearvisor(), 'run', '--', 'sh', '-c', 'echo ready; exec sleep 60'],
                              stdout=subprocess.PIPE, text=True) as process:
            self.assertEqual(process.stdout.readline(), 'ready\n')
            started = time.monotonic()
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(v.TIMEOUT), 143)
            self.assertLess(time.monotonic() - started, 5)


if __name__ == '__main__':
    unittest.main(verbosity=2)
