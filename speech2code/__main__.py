from speech2code.cli import main

main()
